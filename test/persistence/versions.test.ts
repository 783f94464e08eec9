/** Images of another memory layout are opened by the engine that wrote them. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import binaryen from "binaryen";
import { describe, expect, it } from "vitest";
import { LAYOUT_VERSION } from "../../assembly/abi";
import { Engine } from "../../hosts/shared/engine";
import {
  BLOCK_HEADER_BYTES,
  parseHeader,
  RECORD_BYTES,
  renderHeader,
  sealBlock,
} from "../../hosts/shared/persistence/image-format";
import { ImageReader } from "../../hosts/shared/persistence/image-reader";
import { engineFileName } from "../../hosts/shared/persistence/image-store";
import { isOfThisLayout, translateImage } from "../../hosts/shared/persistence/versions";
import { Sessions } from "../../hosts/shared/sessions";
import { encode, moduleOf } from "../support/engine";
import { ImageHost, MEMORY_BYTES } from "../support/image-host";
import { MemoryStorage } from "../support/memory-storage";

const HISTORY = "000102030405060708090a0b0c0d0e0f";
const PAGE = 2;

/**
 * An engine of a layout that never was, small enough to be read: its data set is one page that
 * holds a length and commands, which it exports as they are. It has what is frozen and no more.
 */
const OLD_ENGINE = `(module
  (import "env" "memory" (memory 1))
  (import "host" "flush" (func $flush (param i32 i32 i32 i32)))
  (import "host" "gone" (func $gone (param f64) (result f64)))
  (func (export "abiVersion") (result i32) (i32.const 0))
  (func (export "attach") (param i32 i32 i32) (result i32)
    (i32.ne (i32.load (i32.const 0x2000)) (i32.const 0x21646c6f)))
  (func (export "exportCommands") (param f64 i32) (result f64)
    (call $flush (i32.const 4) (i32.const 0) (i32.const 0x2008) (i32.load (i32.const 0x2004)))
    (call $gone (f64.const 0))))`;

function assembled(text: string): Uint8Array {
  const module = binaryen.parseText(text);
  try {
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex").slice(0, 32);

/** A storage that holds an image of the old layout, and its engine. */
function oldDirectory(commands: string, magic = "old!"): { storage: MemoryStorage; name: string } {
  const engine = assembled(OLD_ENGINE);
  const header = {
    layoutVersion: 0,
    engineHash: hashOf(engine),
    history: HISTORY,
    offset: 77,
    timeMs: 0,
    pages: 1,
    endPage: PAGE + 1,
  };
  const block = new Uint8Array(BLOCK_HEADER_BYTES + RECORD_BYTES);
  const record = new DataView(block.buffer, BLOCK_HEADER_BYTES);
  record.setUint32(0, PAGE, true);
  block.set(Buffer.from(magic), BLOCK_HEADER_BYTES + 4);
  record.setUint32(8, commands.length, true);
  block.set(Buffer.from(commands, "latin1"), BLOCK_HEADER_BYTES + 12);
  sealBlock(block, { isFooter: false, index: 0, records: 1, storedBytes: RECORD_BYTES });
  const footer = new Uint8Array(BLOCK_HEADER_BYTES);
  sealBlock(footer, { isFooter: true, index: 1, records: 1, storedBytes: 0 });
  const storage = new MemoryStorage();
  storage.put("old.quire", Buffer.concat([renderHeader(header), block, footer]));
  storage.put(engineFileName(header.engineHash), engine);
  return { storage, name: "old.quire" };
}

/** Opens an image of another layout into a fresh engine. */
async function translate(storage: MemoryStorage, name: string): Promise<ImageHost> {
  const engine = Engine.create(moduleOf("engine.wasm"), {
    memoryBytes: MEMORY_BYTES,
    clock: () => 0,
  });
  const sessions = new Sessions(engine, {
    now: () => 0,
    defer: () => {},
    later: () => () => {},
    onTrap: () => {},
  });
  const reader = await ImageReader.open(storage, name);
  try {
    expect(isOfThisLayout(reader)).toBe(false);
    await translateImage(reader, storage, sessions);
  } finally {
    reader.close();
  }
  engine.startHistory(reader.header.history, reader.header.offset);
  return new ImageHost(storage, engine);
}

describe("an image of another layout", () => {
  it("is opened by its engine", async () => {
    const commands = Buffer.concat([
      encode(["SELECT", 1]),
      encode(["SET", "a", "1"]),
      encode(["RPUSH", "l", "x", "y"]),
    ]);
    const { storage, name } = oldDirectory(commands.toString("latin1"));
    const host = await translate(storage, name);
    expect(host.run(Buffer.from("SELECT 1\r\nGET a\r\nLRANGE l 0 -1\r\n"))).toBe(
      "+OK\r\n$1\r\n1\r\n*2\r\n$1\r\nx\r\n$1\r\ny\r\n",
    );
    expect(host.engine.history()).toBe(HISTORY);
    expect(host.engine.position()).toBe(77);
    expect(host.engine.validate()).toBe(0);
  });

  it("that no engine can read is an error with both versions", async () => {
    const versions =
      "memory layout 0, written by engine [0-9a-f]{32}, " +
      `and this Quire has layout ${LAYOUT_VERSION}`;
    const { storage, name } = oldDirectory("");
    const engineName = [...storage.files.keys()].find((each) => each.startsWith("engine-"))!;
    const engine = (await storage.readAll(engineName))!;
    await storage.remove(engineName);
    const missing = new RegExp(`old.quire in memory .*${versions}; ${engineName}.* is missing`);
    await expect(translate(storage, name)).rejects.toThrow(missing);
    engine[20]! ^= 1;
    storage.put(engineName, engine);
    await expect(translate(storage, name)).rejects.toThrow(new RegExp(`${versions}; .*is damaged`));

    const strange = oldDirectory("", "new!");
    await expect(translate(strange.storage, strange.name)).rejects.toThrow(
      new RegExp(`${versions}; its own engine does not take it`),
    );
    const unknown = oldDirectory("*1\r\n$7\r\nNOTHING\r\n");
    await expect(translate(unknown.storage, unknown.name)).rejects.toThrow(
      new RegExp(`${versions}; a command that its engine made is refused: ERR unknown command`),
    );
  });

  it("leaves nothing out, with the engine of today as the one that wrote it", async () => {
    const bytes = readFileSync(new URL("../../dist/engine.wasm", import.meta.url));
    const host = new ImageHost();
    const commands = ["SET a 1", "SET t x PXAT 9999999999999", "SADD s 1 2 x", "HSET h f v g w"];
    for (let i = 0; i < 300; i++) commands.push(`ZADD z ${i} m${i}`, `RPUSH l ${i}`, `SET k${i} v`);
    for (const command of commands) host.run(encode(command.split(" ")));
    const image = await host.finish(host.fork());
    const content = (await host.storage.readAll(image.name))!;
    const header = { ...parseHeader(content), layoutVersion: 99, engineHash: hashOf(bytes) };
    content.set(renderHeader(header));
    host.storage.put(image.name, content);
    host.storage.put(engineFileName(header.engineHash), bytes);
    const other = await translate(host.storage, image.name);
    host.run(encode(["QUIRE", "CONFIGURE", "enable-debug-command", "yes"]));
    other.run(encode(["QUIRE", "CONFIGURE", "enable-debug-command", "yes"]));
    const digest = encode(["DEBUG", "DIGEST"]);
    expect(other.run(digest)).toBe(host.run(digest));
    expect(other.engine.validate()).toBe(0);
  });
});
