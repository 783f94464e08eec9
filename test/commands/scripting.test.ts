import { beforeEach, describe, expect, it } from "vitest";
import { TestEngine, type TestSession } from "../support/engine";

const NOT_BUSY = "-NOTBUSY No scripts in execution right now.\r\n";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
});

describe("FUNCTION", () => {
  it("wants a subcommand that is there", () => {
    expect(session.call("FUNCTION nosuch")).toBe(
      "-ERR unknown subcommand 'nosuch'. Try FUNCTION HELP.\r\n",
    );
  });
});

describe("FUNCTION LIST", () => {
  it("is empty", () => {
    for (const line of ["", " WITHCODE", " LIBRARYNAME a*", " withcode libraryname a"]) {
      expect(session.call(`FUNCTION LIST${line}`)).toBe("*0\r\n");
    }
  });

  it("refuses what it does not know", () => {
    expect(session.call("FUNCTION LIST nosuch")).toBe("-ERR Unknown argument nosuch\r\n");
    expect(session.call("FUNCTION LIST WITHCODE WITHCODE")).toBe(
      "-ERR Unknown argument WITHCODE\r\n",
    );
    expect(session.call("FUNCTION LIST LIBRARYNAME")).toBe(
      "-ERR library name argument was not given\r\n",
    );
  });
});

describe("FUNCTION FLUSH", () => {
  it("is done, and leaves no effect", () => {
    engine.exports.setEffects(1);
    for (const line of ["", " SYNC", " async"]) {
      expect(session.call(`FUNCTION FLUSH${line}`)).toBe("+OK\r\n");
    }
    expect(engine.takeEffects()).toBe("");
    expect(session.call("FUNCTION FLUSH nosuch")).toBe(
      "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option\r\n",
    );
    expect(session.call("FUNCTION flush SYNC a")).toBe(
      "-ERR unknown subcommand or wrong number of arguments for 'flush'. Try FUNCTION HELP.\r\n",
    );
  });
});

describe("FUNCTION DELETE", () => {
  it("finds none", () => {
    expect(session.call("FUNCTION DELETE a")).toBe("-ERR Library not found\r\n");
  });
});

describe("FUNCTION KILL", () => {
  it("finds none that runs", () => {
    expect(session.call("FUNCTION KILL")).toBe(NOT_BUSY);
  });
});

describe("FUNCTION STATS", () => {
  it("counts none", () => {
    const engines = ["LUA", ["libraries_count", 0, "functions_count", 0]];
    expect(session.ask("FUNCTION STATS")).toEqual(["running_script", null, "engines", engines]);
    session.call("HELLO 3");
    expect(session.call("FUNCTION STATS")).toMatch(/^%2\r\n\$14\r\nrunning_script\r\n_\r\n/);
  });
});

describe("FUNCTION HELP", () => {
  it("names what is there", () => {
    expect(session.ask("FUNCTION HELP")).toContain("FLUSH [ASYNC|SYNC]");
  });
});

describe("SCRIPT", () => {
  it("wants a subcommand that is there", () => {
    expect(session.call("SCRIPT nosuch")).toBe(
      "-ERR unknown subcommand 'nosuch'. Try SCRIPT HELP.\r\n",
    );
  });
});

describe("SCRIPT EXISTS", () => {
  it("knows none", () => {
    expect(session.ask("SCRIPT EXISTS a b c")).toEqual([0, 0, 0]);
  });
});

describe("SCRIPT FLUSH", () => {
  it("is done", () => {
    for (const line of ["", " SYNC", " async"]) {
      expect(session.call(`SCRIPT FLUSH${line}`)).toBe("+OK\r\n");
    }
    for (const line of [" nosuch", " SYNC a"]) {
      expect(session.call(`SCRIPT FLUSH${line}`)).toBe(
        "-ERR SCRIPT FLUSH only support SYNC|ASYNC option\r\n",
      );
    }
  });
});

describe("SCRIPT KILL", () => {
  it("finds none that runs", () => {
    expect(session.call("SCRIPT KILL")).toBe(NOT_BUSY);
  });
});

describe("SCRIPT HELP", () => {
  it("names what is there", () => {
    expect(session.ask("SCRIPT HELP")).toContain("EXISTS <sha1> [<sha1> ...]");
  });
});
