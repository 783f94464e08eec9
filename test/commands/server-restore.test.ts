import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestEngine, type TestSession } from "../support/engine";
import { payload, text } from "../support/rdb-values";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

describe("RESTORE-ASKING", () => {
  it("is RESTORE", () => {
    const value = payload(0, text("abc"));
    expect(session.ask("RESTORE-ASKING", "k", 0, value)).toBe("OK");
    expect(session.ask("GET k")).toBe("abc");
    expect(session.ask("RESTORE-ASKING", "k", 0, value)).toEqual(
      new Error("BUSYKEY Target key name already exists."),
    );
  });
});
