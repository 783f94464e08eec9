/** A store inside a program that keeps its data in a directory. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type NodeStoreOptions, openStore, type Store } from "../../hosts/node/index.js";
import { rdbFile } from "../support/rdb.js";
import { Program } from "./support.js";

const MEMORY_BYTES = 64 * 1024 * 1024;
const INDEX = new URL("../../dist/index.js", import.meta.url);

let dir: string;
const stores: Store[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "quire-kept-"));
});

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(dir, { recursive: true, force: true });
});

async function open(options: NodeStoreOptions = {}): Promise<Store> {
  const store = await openStore({ dir, memoryBytes: MEMORY_BYTES, ...options });
  stores.push(store);
  return store;
}

/** A program that embeds a store over `dir` and runs this code. */
function embed(code: string): Program {
  const script = `import { openStore } from ${JSON.stringify(INDEX.href)};
    const store = await openStore({ dir: ${JSON.stringify(dir)}, memoryBytes: ${MEMORY_BYTES} });
    ${code}`;
  return new Program(["--input-type=module", "-e", script]);
}

describe("a store with a directory", () => {
  it("brings back what was written, by command, at once and in a pipeline", async () => {
    const first = await open();
    expect(await first.command("SET", "a", "1")).toBe("OK");
    expect(first.commandSync("INCR", "a")).toBe(2);
    expect(
      await first.pipeline([
        ["SELECT", 3],
        ["RPUSH", "l", "x", "y"],
      ]),
    ).toEqual(["OK", 2]);
    await first.close();
    const second = await open();
    expect(await second.command("GET", "a")).toBe("2");
    await second.command("SELECT", 3);
    expect(await second.command("LRANGE", "l", 0, -1)).toEqual(["x", "y"]);
  });

  it("cuts images, goes on behind them, and says so", async () => {
    const store = await open();
    await store.command("SET", "a", "1");
    expect(await store.command("SAVE")).toBe("OK");
    expect(await store.command("BGSAVE")).toBe("Background saving started");
    await store.command("SET", "b", "2");
    expect(await store.command("WAITAOF", 1, 0, 0)).toEqual([1, 0]);
    expect(await store.command("BGREWRITEAOF")).toMatch(/^Background append only file/);
    await store.close();
    expect(readdirSync(dir).some((name) => name.endsWith(".quire"))).toBe(true);
    const next = await open();
    expect(await next.command("MGET", "a", "b")).toEqual(["1", "2"]);
    expect(await next.command("INFO", "persistence")).toMatch(/aof_enabled:1/);
  });

  it("keeps everything that was answered when its process is killed", async () => {
    const program = embed(`for (let n = 1; ; n++) {
      if (n % 3 === 0) store.commandSync("INCR", "n"); else await store.command("INCR", "n");
      if (n % 50 === 0) console.log(n);
    }`);
    await program.seen(/^500$/m);
    program.child.kill("SIGKILL");
    await program.exit;
    const answered = Number(program.output.trimEnd().split("\n").at(-1));
    const store = await open();
    expect(Number(await store.command("GET", "n"))).toBeGreaterThanOrEqual(answered);
  });

  it("is refused to a second holder, who learns of the first, and to a server", async () => {
    const store = await open();
    await expect(open()).rejects.toThrow(
      `in use by a program that embeds Quire, process ${process.pid}`,
    );
    expect(await store.command("PING")).toBe("PONG");
    await store.close();
    const holder = embed(`console.log("open"); setInterval(() => {}, 1000);`);
    await holder.seen(/open/);
    await expect(open()).rejects.toThrow(`process ${holder.child.pid}`);
    holder.child.kill("SIGKILL");
    await holder.exit;
    expect(await (await open()).command("PING")).toBe("PONG");
  });

  it("does not keep its process from ending, and loses nothing by that", async () => {
    const program = embed(
      `await store.command("SET", "a", "1"); store.commandSync("SET", "b", "2");`,
    );
    expect(await program.exit).toBe(0);
    expect(await (await open()).command("MGET", "a", "b")).toEqual(["1", "2"]);
  });

  it("goes on after a trap with data, settings and users; what waited is answered", async () => {
    const lines: string[] = [];
    const store = await open({ onLog: (_, text) => lines.push(text) });
    await store.command("SET", "a", "1");
    await store.command("CONFIG", "SET", "enable-debug-command", "yes").catch(() => {});
    await store.command("CONFIG", "SET", "maxmemory-samples", "7");
    await store.command("ACL", "SETUSER", "bob", "on", "nopass");
    const waits = store.command("BLPOP", "none", 0);
    const panic = store.command("DEBUG", "PANIC");
    await expect(panic).rejects.toThrow(/the engine stopped/);
    await expect(waits).rejects.toThrow(/the engine stopped/);
    expect(() => store.commandSync("PING")).toThrow(/being loaded/);
    expect(await store.command("GET", "a")).toBe("1");
    expect(await store.command("CONFIG", "GET", "maxmemory-samples")).toContain("7");
    expect(await store.command("ACL", "USERS")).toContain("bob");
    expect(lines.join("\n")).toMatch(/the engine stopped in .*PANIC/);
    await store.command("SET", "b", "2");
    await store.close();
    expect(await (await open()).command("MGET", "a", "b")).toEqual(["1", "2"]);
  });

  it("stops at the third trap in a minute; what was answered is kept", async () => {
    const store = await open({ configuration: { "enable-debug-command": "yes" }, now: () => 1e12 });
    for (let trap = 1; trap <= 3; trap++) {
      await store.command("INCR", "n");
      await expect(store.command("DEBUG", "PANIC")).rejects.toThrow(/the engine stopped/);
    }
    await expect(store.command("PING")).rejects.toThrow(/the engine stopped/);
    await store.close();
    expect(await (await open()).command("GET", "n")).toBe("3");
  });

  it("takes its policy from the configuration and at run time", async () => {
    const store = await open({ configuration: { appendfsync: "always", save: "" } });
    expect(() => store.commandSync("SET", "a", "1")).toThrow(/appendfsync always: use command/);
    expect(await store.command("SET", "a", "1")).toBe("OK");
    await store.command("CONFIG", "SET", "appendfsync", "no");
    expect(store.commandSync("SET", "b", "2")).toBe("OK");
    await store.command("CONFIG", "SET", "appendonly", "no");
    await store.command("SET", "c", "3");
    await store.command("CONFIG", "SET", "appendonly", "yes");
    await store.close();
    expect(await (await open()).command("MGET", "a", "b", "c")).toEqual(["1", "2", "3"]);
  });

  it("without a log makes a last image, where save points want images", async () => {
    const store = await open({ configuration: { appendonly: "no" } });
    await store.command("SET", "a", "1");
    await store.close();
    const silent = { appendonly: "no", save: "" };
    const next = await open({ configuration: silent });
    expect(await next.command("GET", "a")).toBe("1");
    await next.command("SET", "a", "2");
    await next.close();
    expect(await (await open({ configuration: silent })).command("GET", "a")).toBe("1");
  });

  it("begins with the files of redis-server that lie there", async () => {
    writeFileSync(join(dir, "dump.rdb"), rdbFile("REDIS0011", [0, "a", "1"]));
    const lines: string[] = [];
    const store = await open({ onLog: (_, text) => lines.push(text) });
    expect(await store.command("GET", "a")).toBe("1");
    expect(lines.join("\n")).toContain("dump.rdb is imported");
  });

  it("does not open what is damaged, nor touch it, and lets go of the directory", async () => {
    await (await open()).close();
    const manifest = join(dir, "quire.manifest");
    writeFileSync(manifest, "nonsense");
    const before = readdirSync(dir).sort();
    for (const appendonly of ["yes", "no"]) {
      await expect(open({ configuration: { appendonly } })).rejects.toThrow(/quire.manifest/);
    }
    expect(readdirSync(dir).sort()).toEqual(before);
    rmSync(manifest);
    expect(await (await open()).command("PING")).toBe("PONG");
  });

  it("says which directive is wrong", async () => {
    await expect(open({ configuration: { appendfsync: "seldom" } })).rejects.toThrow(
      /^appendfsync seldom: /,
    );
  });
});
