/**
 * Makes the pictures of docs/guide/inspector.md from a real daemon with real participants, in a real browser:
 *
 *     npm --prefix packages/inspector run pictures
 *
 * Whoever changes the page runs it and looks at what came out.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { missing, Stage } from "./stage.ts";

const PICTURES = fileURLToPath(new URL("../../../../docs/guide/pictures", import.meta.url));
/** Of 100. Below it, letters get a halo. */
const QUALITY = 82;
/** What the chart of memory shows something of. */
const CHART_MS = 9_000;

if (missing !== undefined) throw new TypeError(missing);
const stage = new Stage();
try {
  await stage.serve(["--thumbnails"]);
  const { page } = await stage.open();
  await page.getByRole("status").getByText("live").waitFor();
  const cast = stage.cast();
  const option = (name: RegExp) => page.getByRole("option", { name });
  const tab = async (name: string) => {
    await page.getByRole("tab", { name, exact: true }).click();
    return page.getByRole("tabpanel", { name, exact: true });
  };

  await cast.play("wait");
  await cast.play("share");
  await option(/viewfinder.*allocated/).click();
  const graph = await tab("Graph");
  await graph.getByRole("treeitem", { name: /recorder.*attached/ }).press("Enter");
  await graph.getByText("its failure stops here (AttachToken)").waitFor();
  await take(page, "graph");

  const buffers = await tab("Buffers and holders");
  for (const index of [0, 1]) await buffers.getByRole("img", { name: `What buffer ${index} holds` }).waitFor();
  await buffers
    .getByText(/strong, mapping of .*, read-write/)
    .first()
    .waitFor();
  await take(page, "buffers");

  const whatIf = await tab("What if");
  const editor = whatIf.getByRole("textbox");
  const text = await editor.inputValue();
  await editor.fill(text.replace('"min_buffer_count_for_camping": 1', '"min_buffer_count_for_camping": 3'));
  await whatIf.getByText("Everybody would agree; 1 setting would be different.").waitFor();
  await take(page, "what-if");

  await cast.play("conflict");
  await option(/cannot be.*failed/).click();
  await page.getByRole("link", { name: "Explain" }).click();
  const failure = page.getByRole("article", { name: "Failure" });
  await failure
    .getByRole("button", { name: /^Try it: scanner/ })
    .first()
    .click();
  await failure.getByText("With this, everybody would agree.").waitFor();
  await failure.getByRole("heading", { name: "cannot be" }).scrollIntoViewIfNeeded();
  await take(page, "failure");

  await page.goto(`${stage.url}#/memory`);
  await sleep(CHART_MS / 3);
  await cast.play("many 40");
  await sleep(CHART_MS / 3);
  await cast.play("leave");
  await sleep(CHART_MS / 3);
  await cast.play("share");
  await sleep(CHART_MS / 3);
  await take(page, "memory");
} finally {
  await stage.close();
}

/** The page as it is, as WebP: a fourth of the same as PNG. */
async function take(page: Page, name: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
  writeFileSync(join(PICTURES, `${name}.webp`), Buffer.from(data, "base64"));
  await session.detach();
}
