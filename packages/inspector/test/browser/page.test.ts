/** The page in a real browser, beside a real daemon with real participants. Pictures go to artifacts/inspector. */
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
    await stage.serve(["--thumbnails"]);
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
    await page.getByRole("treeitem", { name: /thinker.*waits: SetConstraints/ }).waitFor();
    await picture(page, "1-waiting");
  });

  it("shows groups with the selected branch, weak nodes and failure domains", { timeout: TIMEOUT_MS }, async () => {
    await cast.play("share");
    await option(/viewfinder.*allocated/).click();
    const graph = await tab("Graph");
    await graph.getByRole("treeitem", { name: /camera.*choice \d, selected/ }).waitFor();
    await graph.getByRole("treeitem", { name: /preview.*weak/ }).waitFor();
    await graph.getByRole("treeitem", { name: /recorder.*attached/ }).press("Enter");
    await graph.getByText("its failure stops here (AttachToken)").waitFor();
    expect(await graph.locator("svg[role='tree'] > rect.domain").count()).toBe(1);
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
    await timeline.getByLabel("Its whole life").check();
    await timeline.getByText("made", { exact: true }).waitFor();
    await timeline.getByLabel("Until it was decided").check();
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

  it("shows what a buffer holds, and again what it holds a second later", { timeout: TIMEOUT_MS }, async () => {
    const buffers = await tab("Buffers and holders");
    const canvas = buffers.getByRole("img", { name: "What buffer 0 holds" });
    await canvas.waitFor();
    const pixel = (x: number, y: number) =>
      canvas.evaluate(
        (element, at) => {
          const { data } = (element as HTMLCanvasElement).getContext("2d")?.getImageData(at[0], at[1], 1, 1) ?? {};
          return [...(data ?? [])];
        },
        [x, y] as const,
      );
    expect(await canvas.evaluate((element: HTMLCanvasElement) => [element.width, element.height])).toEqual([320, 180]);
    // The third of eight bars, and the light end of the gradient.
    expect(await pixel(100, 20)).toEqual([40, 190, 40, 255]);
    for (const channel of await pixel(318, 170)) expect(channel).toBeGreaterThan(250);
    await buffers.getByText("1280 × 720 · B8G8R8A8 · SRGB · 5120 bytes a row").first().waitFor();
    await buffers.getByLabel("Pictures every second").check();
    await cast.play("redraw");
    await expect.poll(() => pixel(100, 20), { timeout: PATIENCE_MS }).toEqual([190, 40, 190, 255]);
    await buffers.getByLabel("of images of").fill("9999x9999");
    await buffers
      .getByText(/No picture: an image of 9999 by 9999 takes \d+ bytes, the buffer has/)
      .first()
      .waitFor();
    await buffers.getByLabel("of images of").fill("");
    await canvas.waitFor();
    await buffers.getByLabel("Pictures every second").uncheck();
    await picture(page, "6-pictures");
  });

  it("answers what would be if a participant asked for something else", { timeout: TIMEOUT_MS }, async () => {
    const whatIf = await tab("What if");
    await whatIf.getByText("As it is, everybody agrees.").waitFor();
    const editor = whatIf.getByRole("textbox");
    const text = await editor.inputValue();
    expect(text).toContain('"pixel_format": "B8G8R8A8"');
    await editor.fill(text.replace('"min_buffer_count_for_camping": 1', '"min_buffer_count_for_camping": 3'));
    await whatIf.getByText("Everybody would agree; 1 setting would be different.").waitFor();
    await whatIf.getByRole("row", { name: /buffer_count 6 4/ }).waitFor();
    // Only the difference, until somebody wants to see all.
    expect(await whatIf.getByRole("row").count()).toBe(2);
    await whatIf.getByLabel("Only what would be different").uncheck();
    await whatIf.getByRole("row", { name: /^buffer_settings.size_bytes.*the same/ }).waitFor();
    await picture(page, "7-what-if");
    await editor.fill(text.replace("B8G8R8A8", "NV12"));
    await whatIf.getByText("There would be no buffers.").waitFor();
    await whatIf.getByText("These cannot all be had").waitFor();
    await picture(page, "8-what-if-conflict");
    await whatIf.getByRole("button", { name: "Reset all" }).click();
    await whatIf.getByText("As it is, everybody agrees.").waitFor();
  });

  it("says at the line where it is what is wrong with what somebody typed", { timeout: TIMEOUT_MS }, async () => {
    const whatIf = await tab("What if");
    const editor = whatIf.getByRole("textbox");
    const text = await editor.inputValue();
    const line = (part: string): number => text.slice(0, text.indexOf(part)).split("\n").length;
    const fault = whatIf.getByRole("alert");
    await editor.fill("{ nonsense");
    await fault.getByText(/line 1: no JSON/).waitFor();
    expect(await editor.getAttribute("aria-invalid")).toBe("true");
    await whatIf.getByText("What display says cannot be read.").waitFor();
    await editor.fill(text.replace('"B8G8R8A8"', '"B8G8R8A9"'));
    await fault.getByText(new RegExp(`line ${line('"B8G8R8A8"')}: pixel_format: expected`)).waitFor();
    await editor.fill(text.replace('"height": 720', '"height": -1'));
    await fault.getByText(new RegExp(`line ${line('"height": 720')}: height: expected`)).waitFor();
    await picture(page, "8-what-if-fault");
    await editor.fill(text);
    await fault.waitFor({ state: "detached" });
    expect(await editor.getAttribute("aria-invalid")).toBe("false");
  });

  it("answers what would be without a participant", { timeout: TIMEOUT_MS }, async () => {
    const whatIf = await tab("What if");
    await whatIf.getByLabel("Participant").selectOption({ label: "display" });
    await whatIf.getByLabel("takes part").uncheck();
    await whatIf.getByText(/Everybody would agree; \d+ settings would be different/).waitFor();
    // The display alone asked for large images and for two buffers.
    await whatIf.getByRole("row", { name: /buffer_count 2 4 camera/ }).waitFor();
    expect(await whatIf.getByRole("textbox").isDisabled()).toBe(true);
    await whatIf.getByRole("button", { name: "Reset all" }).click();
    await whatIf.getByText("As it is, everybody agrees.").waitFor();
    expect(await whatIf.getByLabel("takes part").isChecked()).toBe(true);
  });

  it("explains a failure from the collection that it ended", { timeout: TIMEOUT_MS }, async () => {
    await cast.play("conflict");
    await option(/cannot be.*failed/).click();
    await page.getByRole("link", { name: "Explain" }).click();
    const failure = page.getByRole("article", { name: "Failure" });
    await failure.getByText("image_format_constraints[0].max_bytes_per_row = 2048").waitFor();
    await failure.getByText("What would have worked").waitFor();
    const tree = failure.getByRole("region", { name: "Who took part" }).getByRole("tree");
    await tree.getByText("scanner").waitFor();
    await picture(page, "9-failure");
  });

  it("tries the suggestions of an explanation until there are buffers", { timeout: TIMEOUT_MS }, async () => {
    const failure = page.getByRole("article", { name: "Failure" });
    await failure.getByRole("button", { name: /^Try it: scanner.*a width of at least 512/ }).click();
    const whatIf = failure.getByRole("region", { name: "What if" });
    await expect
      .poll(() => whatIf.getByRole("textbox").inputValue(), { timeout: PATIENCE_MS })
      .toContain('"width": 512');
    // That alone is not enough: there is another conflict, which has a suggestion that is.
    await whatIf.getByText("There would be no buffers.").waitFor();
    const enough = whatIf
      .getByRole("listitem")
      .filter({ hasText: "enough by itself" })
      .filter({ hasNotText: "not enough" });
    await enough
      .getByRole("button", { name: /^Try it/ })
      .first()
      .click();
    await whatIf.getByText("With this, everybody would agree.").waitFor();
    await whatIf.getByRole("row", { name: /buffer_count/ }).waitFor();
    await picture(page, "9-tried");
    await whatIf.getByRole("button", { name: "Reset all" }).click();
    await whatIf.getByText("As it is, there are no buffers.").waitFor();
  });

  it("shows heaps and quotas, now and over the time", { timeout: TIMEOUT_MS }, async () => {
    await page.getByRole("link", { name: "Heaps and quotas" }).click();
    const heap = page.getByRole("region", { name: "SYSTEM_RAM" });
    await heap
      .getByText(/14\.1 MiB in 4 buffers of 1 collection; most since this page was opened: 14\.1 MiB/)
      .waitFor();
    await page.getByRole("meter", { name: "maxCollections" }).waitFor();
    await page.getByText("Nodes per collection").waitFor();
    await page.getByText("bytes per process", { exact: true }).waitFor();
    await page
      .getByText(new RegExp(`of .* by pid ${cast.child.pid}`))
      .first()
      .waitFor();
    await page
      .getByText(new RegExp(`of .* by user ${process.getuid?.()}`))
      .first()
      .waitFor();
    await page.getByRole("img", { name: /Now: SYSTEM_RAM 14\.1 MiB/ }).waitFor();
    await page.getByText(/SYSTEM_RAM: 14\.1 MiB, most 14\.1 MiB/).waitFor();
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

  it("comes back by itself after its connection was lost", { timeout: TIMEOUT_MS }, async () => {
    await page.context().setOffline(true);
    await cast.play("share");
    await page.context().setOffline(false);
    await option(/viewfinder.*allocated/)
      .first()
      .waitFor();
    await cast.play("leave");
  });

  it("has complained about nothing", () => {
    // The connection that was cut, and this file's own looks at the picture.
    const expected = /ERR_INTERNET_DISCONNECTED|Canvas2D: Multiple readback/;
    expect(complaints.filter((text) => !expected.test(text))).toEqual([]);
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
