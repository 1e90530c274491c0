/** Where the page is, in the address: a link to what one sees can be sent to somebody. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";

/** Parts of the page. */
export type Section = "collections" | "failures" | "memory";

/** Views of one collection. */
export const VIEWS = ["graph", "constraints", "settings", "timeline", "buffers", "what-if"] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  readonly section: Section;
  /** The collection or failure that is looked at. */
  readonly id: string | undefined;
  readonly view: View;
}

const hash = signal(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});

/** What the address says. */
export const route: ReadonlySignal<Route> = computed(() => {
  const [section = "", id, view] = hash.value.replace(/^#\/?/, "").split("/");
  return {
    section: section === "failures" || section === "memory" ? section : "collections",
    id: id === undefined || id === "" ? undefined : id,
    view: VIEWS.find((one) => one === view) ?? "graph",
  };
});

/** The address of a place. */
export function addressOf({ section, id, view }: { section: Section; id?: string | undefined; view?: View }): string {
  return `#/${[section, id, view].filter((part) => part !== undefined).join("/")}`;
}

/** Goes to a place. Moving about within one collection leaves one entry in the browser's history. */
export function go(place: Parameters<typeof addressOf>[0], how: "push" | "replace" = "push"): void {
  const address = addressOf(place);
  if (address === location.hash) return;
  if (how === "replace") history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  hash.value = address;
}
