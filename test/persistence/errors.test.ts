/** Files that a start cannot use: a line that names the file, says why, and what to do. */
import { describe, expect, it } from "vitest";
import { MemoryStorage } from "../support/memory-storage";
import { PersistenceHost } from "../support/persistence-host";

const HELP = "bring back a copy of it, or move the directory away to begin without data";

/** A data set with an image and a log behind it. */
async function filled(): Promise<MemoryStorage> {
  const storage = new MemoryStorage("/data");
  const host = await new PersistenceHost(storage).start();
  host.client().send("SET", "a", "1");
  await host.turn();
  await host.persistence.beginImage().durable;
  host.client().send("SET", "b", "2");
  await host.turn();
  await host.persistence.close();
  return storage.afterKill();
}

function nameOf(storage: MemoryStorage, kind: RegExp): string {
  const name = [...storage.files.keys()].find((each) => kind.test(each));
  if (name === undefined) throw new Error("there is no such file");
  return name;
}

/** What a start says after the file of that kind was changed; undefined takes it away. */
async function said(
  kind: RegExp,
  change: (content: Uint8Array) => Uint8Array | undefined,
): Promise<string> {
  const storage = await filled();
  const name = nameOf(storage, kind);
  const content = change((storage.files.get(name) as { content: Uint8Array }).content.slice());
  if (content === undefined) storage.files.delete(name);
  else storage.put(name, content);
  const cause = await new PersistenceHost(storage).start().then(
    () => new Error("it starts"),
    (error: Error) => error,
  );
  return cause.message.replace(name, "FILE");
}

const none = () => undefined;
const cut = (content: Uint8Array) => content.subarray(0, content.length >> 1);
const flip = (content: Uint8Array) => {
  const at = content.length >> 1;
  content[at] = (content[at] as number) ^ 1;
  return content;
};

describe("a start says of", () => {
  it.each([
    ["an image that is missing", /^image-/, none, "FILE, a part of the data, is missing in /data"],
    ["a segment that is missing", /^log-/, none, "FILE, a part of the data, is missing in /data"],
    ["a manifest that is cut", /manifest$/, cut, "FILE in /data cannot be used: its last line"],
    ["a manifest that is damaged", /manifest$/, flip, "FILE in /data cannot be used: its checks"],
    ["an image that is cut", /^image-/, cut, "FILE in /data cannot be used, at byte 80: the file"],
    ["an image that is damaged", /^image-/, flip, "FILE in /data cannot be used, at byte 80: the"],
  ])("%s which file, why, and what to do", async (_, kind, change, start) => {
    const text = await said(kind, change);
    expect(text.slice(0, start.length)).toBe(start);
    expect(text.endsWith(HELP)).toBe(true);
    expect(text).not.toContain("\n");
  });

  it("files without a manifest that they belong nowhere", async () => {
    expect(await said(/manifest$/, none)).toMatch(
      /^\/data holds image-.*, but no FILE: bring that back, or move these files away$/,
    );
  });

  it("a storage that refuses which file, the reason and the remedy", async () => {
    for (const [code, remedy] of [
      ["EACCES", "see to its rights"],
      ["EIO", "the disk may be failing"],
    ] as const) {
      const storage = await filled();
      const name = nameOf(storage, /^image-/);
      storage.onCall = (call, of) => {
        if (call !== "openRead" || of !== name) return;
        const text = `${code}: not this one, open '/data/${of}'`;
        throw Object.assign(new Error(text), { code });
      };
      await expect(new PersistenceHost(storage).start()).rejects.toThrow(
        `${name} in /data cannot be used: not this one; ${remedy}`,
      );
    }
  });
});
