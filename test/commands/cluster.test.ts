import { beforeEach, describe, expect, it } from "vitest";
import { TestEngine, type TestSession } from "../support/engine";

const DISABLED = "-ERR This instance has cluster support disabled\r\n";

let session: TestSession;

beforeEach(() => {
  session = new TestEngine().open();
});

describe("CLUSTER", () => {
  it("is disabled, whatever is asked", () => {
    for (const line of ["INFO", "SLOTS", "SHARDS", "NODES", "MYID", "KEYSLOT a", "HELP"]) {
      expect(session.call(`CLUSTER ${line}`)).toBe(DISABLED);
    }
    expect(session.call("CLUSTER")).toBe(
      "-ERR wrong number of arguments for 'cluster' command\r\n",
    );
  });
});

describe.each(["ASKING", "READONLY", "READWRITE"])("%s", (name) => {
  it("is disabled", () => {
    expect(session.call(name)).toBe(DISABLED);
    expect(session.call(`${name} a`)).toBe(
      `-ERR wrong number of arguments for '${name.toLowerCase()}' command\r\n`,
    );
  });
});
