/** A place that a data set moves to: what it may hold before, what is left when none comes. */
import { describe, expect, it } from "vitest";
import { dropArrival, endArrival, prepareArrival } from "../../hosts/shared/persistence/arrival";
import { removeRubbish } from "../../hosts/shared/persistence/image-store";
import { MANIFEST_NAME, renderMoved } from "../../hosts/shared/persistence/manifest";
import { MemoryStorage } from "../support/memory-storage";
import { PersistenceHost } from "../support/persistence-host";

const HISTORY = "0123456789abcdef0123456789abcdef";
const MOVED = renderMoved({ history: HISTORY, earlier: [], segments: [] }, "/elsewhere");

function holding(...names: string[]): MemoryStorage {
  const storage = new MemoryStorage("place");
  for (const name of names) storage.put(name, name === MANIFEST_NAME ? MOVED : new Uint8Array(9));
  return storage;
}

const names = (storage: MemoryStorage) => [...storage.files.keys()].sort();

describe("a place", () => {
  it("with files of a data set is refused, and keeps them", async () => {
    for (const name of ["image-a-1.quire", "log-a-1.aof", "engine-a.wasm", MANIFEST_NAME]) {
      const storage = holding(name, "dump.rdb");
      const other = "f".repeat(32);
      await expect(prepareArrival(storage, other)).rejects.toThrow(
        `place holds data already: ${name}`,
      );
      expect(names(storage)).toEqual([name, "dump.rdb"].sort());
    }
  });

  it("without any is taken, and is what it was when none comes", async () => {
    const storage = holding("dump.rdb");
    await prepareArrival(storage, HISTORY);
    for (const name of ["image-a-1.quire", "temp-x", MANIFEST_NAME]) {
      storage.put(name, new Uint8Array(1));
    }
    await dropArrival(storage);
    expect(names(storage)).toEqual(["dump.rdb"]);
  });

  it("that the data set has left takes it back, and says so until it is there", async () => {
    const storage = holding(MANIFEST_NAME, "image-a-1.quire", "log-a-1.aof");
    await prepareArrival(storage, HISTORY);
    storage.put("image-b-2.quire", new Uint8Array(1));
    await dropArrival(storage);
    expect(names(storage)).toEqual([MANIFEST_NAME]);
    await prepareArrival(storage, HISTORY);
    await endArrival(storage);
    expect(names(storage)).toEqual([MANIFEST_NAME]);
  });

  it("that a move was cut off in begins empty, and is taken again", async () => {
    for (const begin of [
      async (storage: MemoryStorage) => {
        await removeRubbish(storage);
        await new PersistenceHost(storage.afterKill()).start();
      },
      (storage: MemoryStorage) => prepareArrival(storage, HISTORY),
    ]) {
      const storage = holding();
      await prepareArrival(storage, HISTORY);
      storage.put("image-a-1.quire", new Uint8Array(1000));
      storage.put("log-a-1.aof", new Uint8Array(1000));
      const cut = storage.afterKill();
      await begin(cut);
      expect(names(cut).filter((name) => !name.startsWith("temp-"))).toEqual([]);
    }
  });
});
