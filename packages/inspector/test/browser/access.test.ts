/** The page for those who do not use a mouse, who see it in other colours, or who do not see it at all. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, picture, type Program, Stage } from "./stage.ts";

const AXE = missing === undefined ? readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8") : "";
const TIMEOUT_MS = 240_000;
const VIEWS = ["Graph", "Constraints", "Settings", "Timeline", "Buffers and holders", "What if"];
const WIDE = { width: 1400, height: 900 };
const NARROW = { width: 480, height: 900 };

describe.skipIf(missing !== undefined)("everybody can use the inspector's page", () => {
  const stage = new Stage();
  let cast: Program;

  beforeAll(async () => {
    await stage.serve(["--thumbnails"]);
    cast = stage.cast();
    await cast.play("conflict");
    await cast.play("wait");
    await cast.play("share");
  }, TIMEOUT_MS);
  afterAll(() => stage.close(), TIMEOUT_MS);

  const choose = (page: Page) =>
    page
      .getByRole("option", { name: /viewfinder.*allocated/ })
      .first()
      .click();

  it.each([
    ["light", "wide", WIDE],
    ["dark", "wide", WIDE],
    ["light", "narrow", NARROW],
    ["dark", "narrow", NARROW],
  ] as const)("in %s on a %s screen: axe-core finds nothing", { timeout: TIMEOUT_MS }, async (theme, width, size) => {
    const { page } = await stage.open({ dark: theme === "dark" });
    page.setDefaultTimeout(20_000);
    await page.setViewportSize(size);
    await choose(page);
    const look = async (name: string): Promise<void> => {
      await page.waitForTimeout(400);
      expect(await violations(page), name).toEqual([]);
      // Nothing is wider than the screen but what scrolls by itself.
      const { scrollWidth, clientWidth } = await page.evaluate(() => ({
        scrollWidth: document.documentElement.scrollWidth,
        clientWidth: document.documentElement.clientWidth,
      }));
      expect(scrollWidth, name).toBeLessThanOrEqual(clientWidth);
      await picture(page, `${theme}-${width}-${name.toLowerCase().replaceAll(" ", "-")}`);
    };
    for (const view of VIEWS) {
      await page.getByRole("tab", { name: view, exact: true }).click();
      if (view === "Graph") await page.getByRole("treeitem", { name: /recorder/ }).click();
      if (view === "What if") await page.getByRole("textbox", { name: /Constraints of/ }).fill('{\n  "usage": 7\n}');
      if (view === "Buffers and holders") {
        await page.getByRole("img", { name: "What buffer 0 holds" }).waitFor();
        await page.getByText("keeps it for the strong nodes").first().waitFor();
      }
      await look(view);
    }
    await page.getByRole("option", { name: /not yet/ }).click();
    await page.getByRole("tab", { name: "Graph", exact: true }).click();
    await look("waiting");
    await page.getByRole("link", { name: /Failures/ }).click();
    await look("failures");
    await page.getByRole("link", { name: /cannot be/ }).click();
    await page
      .getByRole("button", { name: /^Try it/ })
      .last()
      .click();
    await page.getByText("There would be no buffers.").waitFor();
    await look("failure");
    await page.getByRole("link", { name: "Heaps and quotas" }).click();
    await page.getByRole("img", { name: /Now: SYSTEM_RAM/ }).waitFor();
    await look("memory");
    await page.getByRole("link", { name: "Collections", exact: true }).click();
    await look("start");
    await page.close();
  });

  it("by keyboard alone, and one sees where one is", { timeout: TIMEOUT_MS }, async () => {
    const { page } = await stage.open();
    page.setDefaultTimeout(20_000);
    await page.getByRole("option", { name: /viewfinder/ }).waitFor();
    const { keyboard } = page;
    /** What has the focus; fails unless that can be seen. */
    const focused = async (): Promise<string> => {
      const [name, isVisible] = await page.evaluate(() => {
        const element = document.activeElement ?? document.body;
        const styles = [element, element.closest(".editor") ?? element, element.querySelector(".shape") ?? element].map(
          (one) => getComputedStyle(one),
        );
        const rings = styles.map(({ outlineStyle, strokeWidth }) => outlineStyle !== "none" || strokeWidth === "4px");
        const box = element.getBoundingClientRect();
        const isInside = box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
        const label = element.getAttribute("aria-label") ?? element.textContent ?? "";
        return [
          `${element.getAttribute("role") ?? element.tagName.toLowerCase()} ${label.trim()}`,
          rings.includes(true) && isInside,
        ];
      });
      expect(isVisible, `the focus on "${name}" is seen`).toBe(true);
      return name;
    };
    const press = async (...keys: string[]): Promise<string> => {
      for (const key of keys) await keyboard.press(key);
      return focused();
    };
    expect(await press("Tab")).toMatch(/^a Skip to the content/);
    expect(await press("Tab")).toMatch(/^a Collections/);
    expect(await press("Tab")).toMatch(/^a Failures/);
    expect(await press("Tab")).toMatch(/^a Heaps and quotas/);
    expect(await press("Tab")).toMatch(/^input Filter collections/);
    await keyboard.type("nothing of the kind");
    await page.getByText("None of that kind.").waitFor();
    // Escape takes the filter back.
    await keyboard.press("Escape");
    await page.getByRole("option", { name: /viewfinder/ }).waitFor();
    expect(await press("Tab")).toMatch(/^listbox/);
    await keyboard.press("Home");
    await keyboard.press("Enter");
    await page.getByRole("heading", { name: "viewfinder" }).waitFor();
    expect(await press("Tab")).toMatch(/^tab Graph/);
    expect(await press("ArrowRight")).toMatch(/^tab Constraints/);
    expect(await press("ArrowLeft")).toMatch(/^tab Graph/);
    expect(await press("End")).toMatch(/^tab What if/);
    expect(await press("Home")).toMatch(/^tab Graph/);
    expect(await press("Tab")).toMatch(/^tabpanel/);
    // The tree is one stop; arrows go about in it.
    expect(await press("Tab")).toMatch(/^treeitem display/);
    expect(await press("ArrowRight")).toMatch(/^treeitem cast/);
    expect(await press("ArrowDown")).toMatch(/^treeitem cast.*group/);
    expect(await press("ArrowRight")).toMatch(/^treeitem camera/);
    expect(await press("ArrowLeft", "ArrowLeft", "ArrowLeft")).toMatch(/^treeitem display/);
    expect(await press("End")).toMatch(/^treeitem recorder/);
    await keyboard.press("Enter");
    const facts = page.getByRole("region", { name: /^Node \d+/ });
    await facts.getByText("its failure stops here (AttachToken)").waitFor();
    await keyboard.press("Escape");
    await facts.waitFor({ state: "detached" });
    expect(await focused()).toMatch(/^treeitem recorder/);
    // Back the way one came, in one step.
    expect(await press("Shift+Tab", "Shift+Tab")).toMatch(/^tab Graph/);
    expect(await press("End", "Tab", "Tab")).toMatch(/^select/);
    expect(await press("Tab", "Tab", "Tab")).toMatch(/^textarea Constraints of display/);
    // The slash is for the filter, except where one writes.
    await keyboard.type("/");
    expect(await focused()).toMatch(/^textarea/);
    expect(await press("Shift+Tab", "/")).toMatch(/^input Filter/);
    await page.close();
  });

  it("without anything that moves, where that is asked for", { timeout: TIMEOUT_MS }, async () => {
    for (const reducedMotion of ["no-preference", "reduce"] as const) {
      const { page } = await stage.open({ hash: "nothing" });
      await page.emulateMedia({ reducedMotion });
      // The page's own stream never comes, and so it is connecting.
      await page.route("**/api/events", () => {});
      await page.goto(stage.url);
      const lamp = page.locator(".server.connecting .lamp");
      await lamp.waitFor();
      const names = await lamp.evaluate((element) => getComputedStyle(element).animationName);
      expect(names).toBe(reducedMotion === "reduce" ? "none" : "pulse");
      expect(await page.evaluate(() => document.getAnimations().length)).toBe(reducedMotion === "reduce" ? 0 : 1);
      await page.close();
    }
  });

  it("and nobody else hears of it: all comes from the server, and nothing is sent", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { page } = await stage.open();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(`${request.method()} ${request.url()}`));
    await page.reload();
    await choose(page);
    for (const view of VIEWS) await page.getByRole("tab", { name: view, exact: true }).click();
    await page.getByText("As it is, everybody agrees.").waitFor();
    await page.getByRole("link", { name: "Heaps and quotas" }).click();
    await page.getByRole("img", { name: /Now: SYSTEM_RAM/ }).waitFor();
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((one) => !one.startsWith(`GET ${stage.url}`))).toEqual([]);
    await page.close();
  });
});

/** What axe-core finds, a line each. It runs in a world of its own, which the page's policy does not reach. */
async function violations(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", {
    frameId: frameTree.frame.id,
    worldName: "axe",
  });
  await session.send("Runtime.evaluate", { contextId, expression: AXE });
  const { result } = await session.send("Runtime.evaluate", {
    contextId,
    awaitPromise: true,
    returnByValue: true,
    expression: `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => id + " " + target.join(" ") + ": " + failureSummary)))`,
  });
  await session.detach();
  return (result.value ?? ["axe did not run"]) as string[];
}
