/** The page in a real browser, beside a real daemon with real participants. Pictures go to artifacts/inspector. */
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, picture, type Program, Stage } from "./stage.ts";

const TIMEOUT_MS = 120_000;
/** How long the browser may take for one thing, on a machine that does others. */
const PATIENCE_MS = 20_000;

describe.skipIf(missing !== undefined)(`the inspector's page${missing === undefined ? "" : ` (${missing})`}`, () => {
  const stage = new Stage();
  let cast: Program;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    await stage.serve();
    ({ page, complaints } = await stage.open());
    page.setDefaultTimeout(PATIENCE_MS);
    await page.getByRole("status").getByText("live").waitFor();
    cast = stage.cast();
  }, TIMEOUT_MS);
  afterAll(() => stage.close(), TIMEOUT_MS);

  const option = (name: RegExp) => page.getByRole("option", { name });
  const tab = async (name: string) => {
    await page.getByRole("tab", { name, exact: true }).click();
    return page.getByRole("tabpanel", { name, exact: true });
  };

  it("says who is waited for, and for what", { timeout: TIMEOUT_MS }, async () => {
    await cast.play("wait");
    await option(/not yet.*waits for 2/).click();
    const matters = page.getByRole("list", { name: "What is the matter" });
    await matters.getByText(/thinker.*has not sent SetConstraints/).waitFor();
    await matters.getByText(/late riser.*neither bound nor released/).waitFor();
    await page.getByRole("button", { name: /thinker.*waits: SetConstraints/ }).waitFor();
    await picture(page, "1-waiting");
  });

  it("shows groups with the selected branch, weak nodes and failure domains", { timeout: TIMEOUT_MS }, async () => {
    await cast.play("share");
    await option(/viewfinder.*allocated/).click();
    const graph = await tab("Graph");
    await graph.getByRole("button", { name: /camera.*choice \d, selected/ }).waitFor();
    await graph.getByRole("button", { name: /preview.*weak/ }).waitFor();
    await graph.getByRole("button", { name: /recorder.*attached/ }).press("Enter");
    await graph.getByText("its failure stops here (AttachToken)").waitFor();
    expect(await graph.locator("svg[role='group'] > rect.domain").count()).toBe(1);
    await picture(page, "2-graph");
  });

  it("puts constraints side by side and marks the field that decided", { timeout: TIMEOUT_MS }, async () => {
    const constraints = await tab("Constraints");
    const row = constraints.getByRole("row", { name: /bytes_per_row_divisor/ });
    await row.locator("td.decides", { hasText: "256" }).waitFor();
    expect(await row.locator("td.decides").count()).toBe(1);
    await picture(page, "3-constraints");
    const settings = await tab("Settings");
    await settings.getByRole("row", { name: /bytes_per_row_divisor.*256.*camera/ }).waitFor();
    await picture(page, "4-settings");
  });

  it("shows the timeline and who holds the buffers", { timeout: TIMEOUT_MS }, async () => {
    const timeline = await tab("Timeline");
    await timeline.getByRole("cell", { name: "allocated", exact: true }).waitFor();
    await picture(page, "5-timeline");
    const buffers = await tab("Buffers and holders");
    const first = buffers.getByRole("region", { name: "Buffer 0" });
    await first.getByText(/strong, mapping of .*, read-write/).waitFor();
    await first
      .getByText(new RegExp(`^${cast.child.pid} `))
      .first()
      .waitFor();
    await picture(page, "6-buffers");
  });

  it("answers what would be if a participant asked for something else", { timeout: TIMEOUT_MS }, async () => {
    const whatIf = await tab("What if");
    await whatIf.getByText("As it is, everybody agrees.").waitFor();
    const editor = whatIf.getByRole("textbox");
    const text = await editor.inputValue();
    expect(text).toContain('"pixel_format": "B8G8R8A8"');
    await editor.fill(text.replace('"min_buffer_count_for_camping": 1', '"min_buffer_count_for_camping": 3'));
    await whatIf.getByText("Everybody would agree; 1 would be different.").waitFor();
    await whatIf.getByRole("row", { name: /buffer_count 6 4/ }).waitFor();
    await picture(page, "7-what-if");
    await editor.fill(text.replace("B8G8R8A8", "NV12"));
    await whatIf.getByText("There would be no buffers.").waitFor();
    await whatIf.getByText("These cannot all be had").waitFor();
    await picture(page, "8-what-if-conflict");
    await editor.fill("{ nonsense");
    await whatIf
      .getByRole("alert")
      .getByText(/display.*: no JSON/)
      .waitFor();
    await editor.fill(text.replace('"B8G8R8A8"', '"B8G8R8A9"'));
    await whatIf
      .getByRole("alert")
      .getByText(/pixel_format/)
      .waitFor();
    await whatIf.getByRole("button", { name: "As it was" }).click();
    await whatIf.getByText("As it is, everybody agrees.").waitFor();
  });

  it("explains a failure from the collection that it ended", { timeout: TIMEOUT_MS }, async () => {
    await cast.play("conflict");
    await option(/cannot be.*failed/).click();
    await page.getByRole("link", { name: "Explain" }).click();
    const failure = page.getByRole("article", { name: "Failure" });
    await failure.getByText("image_format_constraints[0].max_bytes_per_row = 2048").waitFor();
    await failure.getByText("What would have worked").waitFor();
    await picture(page, "9-failure");
  });

  it("shows heaps and quotas, now and over the time", { timeout: TIMEOUT_MS }, async () => {
    await page.getByRole("link", { name: "Heaps and quotas" }).click();
    await page
      .getByRole("region", { name: "Heaps", exact: true })
      .getByRole("row", { name: /SYSTEM_RAM/ })
      .waitFor();
    await page.getByRole("meter", { name: "maxCollections" }).waitFor();
    await page.getByRole("img", { name: /Now: SYSTEM_RAM .*MiB/ }).waitFor();
    await picture(page, "10-memory");
  });

  it("follows to the last VMO, and keeps what is gone in sight", { timeout: TIMEOUT_MS }, async () => {
    await page.getByRole("link", { name: "Collections", exact: true }).click();
    // The kernel gives back what a killed process had, and the page hears of it.
    await cast.end("SIGKILL");
    cast = stage.cast();
    await option(/viewfinder.*gone/).click();
    const timeline = await tab("Timeline");
    await timeline.getByRole("cell", { name: "buffer freed" }).first().waitFor();
    await timeline.getByRole("cell", { name: "collection gone" }).waitFor();
    await picture(page, "11-gone");
  });

  it("holds a thousand collections and keeps only those in sight in the document", {
    timeout: TIMEOUT_MS,
  }, async () => {
    await cast.play("many 1000");
    await page.getByRole("option", { name: /many 999/ }).waitFor();
    expect(await page.getByRole("option").count()).toBeLessThan(60);
    const list = page.getByRole("listbox");
    await list.focus();
    await list.press("Home");
    await list.press("ArrowDown");
    await list.press("Enter");
    await page.getByRole("heading", { name: "many 998" }).waitFor();
    await list.press("End");
    await page
      .getByRole("option", { name: /not yet|viewfinder/ })
      .first()
      .waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("worker 512");
    await page.getByRole("option", { name: /many 512/ }).waitFor();
    // Ids and pids are searched as well, and may have the same digits.
    expect(await page.getByRole("option").count()).toBeLessThan(20);
    await picture(page, "12-thousand");
    await page.getByRole("searchbox").fill("");
    await list.press("Home");
    await cast.play("leave");
  });

  it("comes back by itself after its connection was lost", { timeout: TIMEOUT_MS }, async () => {
    await page.context().setOffline(true);
    await cast.play("share");
    await page.context().setOffline(false);
    await option(/viewfinder.*allocated/)
      .first()
      .waitFor();
    await cast.play("leave");
  });

  it("is accessible in light and in dark", { timeout: TIMEOUT_MS }, async () => {
    await cast.play("share");
    const axe = createRequire(import.meta.url).resolve("axe-core");
    for (const dark of [false, true]) {
      const { page: own } = await stage.open({ dark });
      await own
        .getByRole("option", { name: /viewfinder.*allocated/ })
        .first()
        .click();
      for (const view of ["Graph", "Constraints", "Settings", "Timeline", "Buffers and holders", "What if"]) {
        await own.getByRole("tab", { name: view, exact: true }).click();
        await own.waitForTimeout(400);
        expect(await violations(own, axe), `${view}, ${dark ? "dark" : "light"}`).toEqual([]);
        if (dark) await picture(own, `dark-${view.toLowerCase().replaceAll(" ", "-")}`);
      }
      for (const part of ["failures/2", "memory"]) {
        await own.goto(`${stage.url}#/${part}`);
        await own.waitForTimeout(400);
        expect(await violations(own, axe), `${part}, ${dark ? "dark" : "light"}`).toEqual([]);
      }
      await own.close();
    }
    await cast.play("leave");
  });

  it("has complained about nothing", () => {
    expect(complaints.filter((text) => !text.includes("ERR_INTERNET_DISCONNECTED"))).toEqual([]);
  });
});

describe.skipIf(missing !== undefined)("the demo with its inspector", () => {
  const stage = new Stage();
  afterAll(() => stage.close(), TIMEOUT_MS);

  it("waits for the page and is followed to its end", { timeout: TIMEOUT_MS }, async () => {
    const demo = await stage.demo(["--frames", "60"]);
    const { page } = await stage.open();
    page.setDefaultTimeout(TIMEOUT_MS);
    await page.getByRole("option", { name: /demo frames/ }).click();
    await page.getByRole("tab", { name: "Timeline" }).click();
    await page.getByRole("cell", { name: "collection gone" }).waitFor();
    await picture(page, "13-demo");
    await demo.said(/frames arrived intact/);
  });
});

/** What axe-core finds, a line each. It runs in a world of its own, which the page's policy does not reach. */
async function violations(page: Page, script: string): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", {
    frameId: frameTree.frame.id,
    worldName: "axe",
  });
  const { readFileSync } = await import("node:fs");
  await session.send("Runtime.evaluate", { contextId, expression: readFileSync(script, "utf8") });
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
