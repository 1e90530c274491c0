/** What all steps of one compilation share. */
import type { Reporter } from "../diagnostics/reporter.ts";
import type { Decl, ElementBase, FileScope, Library } from "./model.ts";
import type { Selection } from "./version.ts";

/** What a compilation is to assume and to insist on. */
export interface CompileOptions {
  /** Versions by platform. A used platform that is missing is fi-0201. */
  readonly available?: Readonly<Record<string, Selection>> | undefined;
  /** Demand `strict`/`flexible` on methods and `open`/`ajar`/`closed` on protocols in writing (fi-0191, fi-0192). */
  readonly requireModifiers?: boolean | undefined;
  /** Names of experiments to enable. Known: `no_resource_attribute`. */
  readonly experiments?: readonly string[] | undefined;
  /** Ordinal of a selector. Default: FIDL's hash; replaced where tests need a collision. */
  readonly hashSelector?: ((selector: string) => bigint) | undefined;
}

export interface Context {
  readonly reporter: Reporter;
  readonly options: CompileOptions;
  /** Every library compiled so far, by name. */
  readonly libraries: Map<string, Library>;
  /** Declarations being resolved, outermost first: the text of a cycle, and the length of the chain. */
  readonly resolving: Decl[];
  /** Places already resolved to nothing: they are not tried (and reported) again. */
  readonly failed: WeakSet<object>;
}

/** Who refers to something: decides which names are seen, and in which versions the target must exist. */
export interface Referrer {
  readonly library: Library;
  readonly file: FileScope;
  readonly element: Pick<ElementBase, "name" | "attributes" | "availability">;
}

/** From where `element` (by default the declaration itself) refers to other names. */
export function referrer(
  decl: Decl,
  element: Pick<ElementBase, "name" | "attributes" | "availability"> = decl,
): Referrer {
  return { library: decl.library, file: decl.file, element };
}
