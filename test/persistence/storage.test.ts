/** Both storages do the same; what a crash leaves; the lock. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { NodeStorage } from "../../hosts/node/storage";
import { Crc64, crc64Hex } from "../../hosts/shared/persistence/crc64";
import {
  MANIFEST_NAME,
  parseManifest,
  readManifest,
  renderManifest,
  writeManifest,
} from "../../hosts/shared/persistence/manifest";
import { type Storage, TEMPORARY } from "../../hosts/shared/persistence/storage";
import { MemoryStorage } from "../support/memory-storage";
import { randomNumbers } from "../support/workload";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "quire-storage-"));
  folders.push(path);
  return path;
}

const encode = (text: string) => new TextEncoder().encode(text);
const textOf = async (storage: Storage, name: string) =>
  new TextDecoder().decode(await storage.readAll(name));

describe.each([
  ["files", () => new NodeStorage(join(folder(), "not", "there", "yet"))],
  ["memory", () => new MemoryStorage()],
])("storage in %s", (_, create: () => Storage) => {
  it("is empty at first, whether its place exists or not", async () => {
    const storage = create();
    expect(await storage.list()).toEqual([]);
    expect(await storage.readAll("a")).toBeUndefined();
    await expect(storage.openRead("a")).rejects.toThrow(/ENOENT/);
    await expect(storage.openAppend("a")).rejects.toThrow(/ENOENT/);
  });

  it("appends, syncs, goes on at the end, and reads anywhere", async () => {
    const storage = create();
    const file = await storage.create("a");
    file.append(encode("one "));
    await file.appendLater(encode("two "));
    expect(file.bytes).toBe(8);
    await file.sync();
    await file.close();
    const again = await storage.openAppend("a");
    expect(again.bytes).toBe(8);
    again.append(encode("three"));
    again.syncNow();
    await again.close();
    const read = await storage.openRead("a");
    expect(read.bytes).toBe(13);
    const into = new Uint8Array(6);
    expect(read.read(4, into)).toBe(6);
    expect(new TextDecoder().decode(into)).toBe("two th");
    expect(read.read(10, into)).toBe(3);
    read.close();
    expect(await storage.list()).toEqual(["a"]);
  });

  it("empties a file that is created again", async () => {
    const storage = create();
    for (const text of ["first", "2"]) {
      const file = await storage.create("a");
      file.append(encode(text));
      await file.sync();
      await file.close();
    }
    expect(await textOf(storage, "a")).toBe("2");
  });

  it("replaces, renames, cuts and removes", async () => {
    const storage = create();
    await storage.replace("a", encode("first"));
    await storage.replace("a", encode("second"));
    expect(await textOf(storage, "a")).toBe("second");
    await storage.replace("b", encode("other"));
    await storage.rename("a", "b");
    expect(await storage.list()).toEqual(["b"]);
    await storage.truncate("b", 3);
    expect(await textOf(storage, "b")).toBe("sec");
    await storage.remove("b");
    expect(await storage.list()).toEqual([]);
    await expect(storage.remove("b")).rejects.toThrow(/ENOENT/);
  });

  it("keeps a manifest", async () => {
    const storage = create();
    expect(await readManifest(storage)).toBeUndefined();
    const manifest = {
      history: "0123456789abcdef0123456789abcdef",
      earlier: [{ history: "f".repeat(32), end: 500 }],
      image: { name: "image-x-512.quire", offset: 512 },
      segments: [{ name: "log-x-512.aof", offset: 512 }],
    };
    await writeManifest(storage, manifest);
    expect(await readManifest(storage)).toEqual(manifest);
    const bytes = renderManifest(manifest);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] as number) ^ (1 << (at & 7));
      expect(() => parseManifest(damaged)).toThrow(/checksum/);
      expect(() => parseManifest(bytes.slice(0, at))).toThrow(/checksum/);
    }
    await storage.replace(MANIFEST_NAME, encode("something else"));
    await expect(readManifest(storage)).rejects.toThrow(
      `quire.manifest in ${storage.place} cannot be used: its last line`,
    );
  });

  it("is locked once, and says by whom", async () => {
    const storage = create();
    const lock = await storage.lock("process 123");
    await expect(storage.lock("process 456")).rejects.toThrow("is in use by process 123");
    await lock.release();
    await (await storage.lock("process 456")).release();
  });
});

describe("the lock of a directory", () => {
  const HOLD = `
    require("node:net").createServer((socket) => socket.end("process 123"))
      .listen(process.argv[1], () => console.log("held"));`;

  /** A process that holds a lock until it is killed. */
  async function holder(path: string): Promise<{ kill: () => Promise<void> }> {
    const child = spawn(process.execPath, ["-e", HOLD, path]);
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    return {
      kill: () => {
        child.kill("SIGKILL");
        return ended;
      },
    };
  }

  it.skipIf(process.platform === "win32")("is free when its holder was killed", async () => {
    const directory = folder();
    const child = await holder(join(directory, "lock.sock"));
    const storage = new NodeStorage(directory);
    await expect(storage.lock("me")).rejects.toThrow("is in use by process 123");
    await child.kill();
    expect(existsSync(join(directory, "lock.sock"))).toBe(true);
    const several = await Promise.allSettled([1, 2, 3].map((i) => storage.lock(`starter ${i}`)));
    const taken = several.filter(({ status }) => status === "fulfilled");
    expect(taken.length).toBe(1);
    for (const result of taken) if (result.status === "fulfilled") await result.value.release();
    expect(await storage.list()).toEqual([]);
  });

  it.skipIf(process.platform === "win32")(
    "takes the place of a file that is no socket",
    async () => {
      const directory = folder();
      writeFileSync(join(directory, "lock.sock"), "");
      await (await new NodeStorage(directory).lock("me")).release();
    },
  );

  it("works in a directory whose path is long", async () => {
    const directory = join(folder(), "long".repeat(30), "path".repeat(30));
    mkdirSync(directory, { recursive: true });
    const storage = new NodeStorage(directory);
    const lock = await storage.lock("me");
    await expect(storage.lock("you")).rejects.toThrow("is in use by me");
    await lock.release();
    expect(existsSync(join(directory, "lock.sock"))).toBe(false);
  });
});

describe("storage in memory", () => {
  it("keeps all that was written when the process is killed, and cuts at any byte", async () => {
    for (let cut = 0; cut <= 10; cut++) {
      const storage = new MemoryStorage();
      const file = await storage.create("a");
      storage.cutAfter(cut);
      const write = async () => {
        file.append(encode("12345"));
        file.append(encode("67890"));
      };
      await write().catch(() => {});
      expect(await textOf(storage.afterKill(), "a")).toBe("1234567890".slice(0, cut));
      if (cut < 10) await expect(storage.list()).rejects.toThrow("has ended");
    }
  });

  it("loses what was not synced when power is lost, in any order", async () => {
    const random = randomNumbers(5);
    const seen = new Set<string>();
    for (let round = 0; round < 200; round++) {
      const storage = new MemoryStorage();
      await storage.replace("b", encode("kept"));
      const file = await storage.create("a");
      file.append(encode("safe"));
      await file.sync();
      file.append(encode("1"));
      file.append(encode("2"));
      await storage.remove("b");
      const after = storage.afterPowerLoss(random);
      const text = await textOf(after, "a");
      expect(text.startsWith("safe")).toBe(true);
      seen.add(JSON.stringify(text.slice(4)));
      seen.add((await after.list()).includes("b") ? "undone" : "removed");
    }
    expect(seen).toEqual(new Set(['""', '"1"', '"12"', '"\\u00002"', "undone", "removed"]));
  });

  it("fails the call that a test names, and when it is full", async () => {
    const storage = new MemoryStorage();
    const file = await storage.create("a");
    storage.failCall(1);
    file.append(encode("1"));
    expect(() => file.append(encode("2"))).toThrow(/EIO: append of a/);
    file.append(encode("3"));
    storage.roomBytes = 2;
    expect(() => file.append(encode("4567"))).toThrow(/ENOSPC/);
    expect(await textOf(storage, "a")).toBe("1345");
    expect(storage.files.has(`${TEMPORARY}a`)).toBe(false);
  });
});

describe("crc64", () => {
  it("is the one of Jones", () => {
    expect(crc64Hex(encode("123456789"))).toBe("e9c6d914c4b8d9ca");
    expect(crc64Hex(new Uint8Array(0))).toBe("0000000000000000");
  });

  it("is the same however the bytes are given", () => {
    const random = randomNumbers(3);
    const bytes = Uint8Array.from({ length: 1000 }, () => random(256));
    const whole = crc64Hex(bytes);
    for (let round = 0; round < 50; round++) {
      const crc = new Crc64();
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + 1 + random(30));
        crc.update(bytes, at, end);
        at = end;
      }
      expect(crc.hex()).toBe(whole);
      expect([...crc.bytes()].reverse()).toEqual(
        whole.match(/../g)?.map((digits) => Number.parseInt(digits, 16)),
      );
    }
  });
});
