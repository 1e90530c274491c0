import { describe, expect, it } from "vitest";
import { err, ok } from "#base";

describe("results", () => {
  it("carry what they are given, undefined too", () => {
    expect(ok(3)).toEqual({ ok: true, value: 3 });
    expect(ok(undefined).value).toBeUndefined();
    expect(err("no")).toEqual({ ok: false, error: "no" });
  });

  it("carry an empty object where there is nothing to say", () => {
    expect(ok()).toEqual({ ok: true, value: {} });
  });
});
