/** A thousand collections in one server: what the page holds and what it is told grows with what changes, not with them. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, picture, type Program, Stage } from "./stage.ts";

const TIMEOUT_MS = 240_000;
const COUNT = 1000;

/** What the page was told, counted in the page. */
interface Told {
  readonly messages: number;
  readonly collections: number;
}

describe.skipIf(missing !== undefined)("a thousand collections", () => {
  const stage = new Stage();
  let cast: Program;
  let page: Page;
  const told = () => page.evaluate(() => (window as unknown as { told: Told }).told);

  beforeAll(async () => {
    await stage.serve();
    cast = stage.cast();
    ({ page } = await stage.open());
    page.setDefaultTimeout(60_000);
    await page.addInitScript(() => {
      const count = { messages: 0, collections: 0 };
      (window as unknown as { told: Told }).told = count;
      const Real = EventSource;
      window.EventSource = class extends Real {
        constructor(url: string | URL) {
          super(url);
          for (const name of ["snapshot", "collections", "ready", "change", "overview"]) {
            this.addEventListener(name, (event: MessageEvent<string>) => {
              count.messages++;
              count.collections += (JSON.parse(event.data) as { collections?: unknown[] }).collections?.length ?? 0;
            });
          }
        }
      };
    });
    await page.reload();
    await page.getByRole("status").getByText("live").waitFor();
    await cast.play(`many ${COUNT}`);
    await page.getByRole("option", { name: new RegExp(`many ${COUNT - 1}`) }).waitFor();
  }, TIMEOUT_MS);
  afterAll(() => stage.close(), TIMEOUT_MS);

  const elements = () => page.evaluate(() => document.querySelectorAll("*").length);

  it("are told as they come, each a few times", { timeout: TIMEOUT_MS }, async () => {
    const { messages, collections } = await told();
    // One is made, named, bound, constrained, allocated: at most each of these is told, in messages of many.
    expect(collections).toBeGreaterThanOrEqual(COUNT);
    expect(collections).toBeLessThan(8 * COUNT);
    expect(messages).toBeLessThan(4 * COUNT);
  });

  it("are in the document as far as they are in sight", { timeout: TIMEOUT_MS }, async () => {
    expect(await page.getByText(String(COUNT), { exact: true }).count()).toBe(1);
    expect(await page.getByRole("option").count()).toBeLessThan(40);
    expect(await elements()).toBeLessThan(400);
    const list = page.getByRole("listbox");
    await list.focus();
    for (const key of ["Home", "ArrowDown", "Enter"]) await list.press(key);
    await page.getByRole("heading", { name: `many ${COUNT - 2}` }).waitFor();
    await list.press("End");
    await page.getByRole("option", { name: /^many 0\b/ }).waitFor();
    expect(await page.getByRole("option").count()).toBeLessThan(40);
    expect(await elements()).toBeLessThan(500);
    await picture(page, "12-thousand");
  });

  it("are one message and no new row when one of them changes", { timeout: TIMEOUT_MS }, async () => {
    await page.getByRole("listbox").press("Home");
    await page.waitForTimeout(2_500);
    const before = await told();
    await page.evaluate(() => {
      const changes = { count: 0 };
      (window as unknown as { changes: typeof changes }).changes = changes;
      new MutationObserver((records) => {
        for (const { addedNodes, removedNodes } of records) changes.count += addedNodes.length + removedNodes.length;
      }).observe(document.querySelector(".rows") as Element, { childList: true, subtree: true });
    });
    await cast.play("wait");
    await page.getByRole("option", { name: /not yet.*waits for 2/ }).waitFor();
    const after = await told();
    // Its events come in a few messages that are about it alone, and an overview now and then.
    expect(after.collections - before.collections).toBeLessThan(20);
    expect(after.messages - before.messages).toBeLessThan(30);
    const changes = await page.evaluate(() => (window as unknown as { changes: { count: number } }).changes.count);
    // A row comes in at the top and one goes out below; the others stay the elements that they are.
    expect(changes).toBeLessThan(20);
  });

  it("are found by name, client or pid", { timeout: TIMEOUT_MS }, async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("worker 512");
    await page.getByRole("option", { name: /many 512/ }).waitFor();
    // Ids and pids are searched as well, and may have the same digits at their end and beginning.
    expect(await page.getByRole("option").count()).toBeLessThan(20);
    await page.getByRole("searchbox").fill(`${cast.child.pid} many 512`);
    await page.getByRole("option", { name: /many 512/ }).waitFor();
    await page.getByRole("searchbox").fill("no such thing");
    await page.getByText("None of that kind.").waitFor();
    await page.getByRole("searchbox").fill("");
  });

  it("are gone when they are gone", { timeout: TIMEOUT_MS }, async () => {
    await cast.play("leave");
    await page.getByRole("status").getByText("· 0 collections").waitFor();
    // Those that went last stay in sight for a while, and no more of them.
    await page.getByText("200", { exact: true }).waitFor();
    expect(await elements()).toBeLessThan(500);
  });
});
