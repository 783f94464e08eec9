// Files of Redis that are damaged at random: an import ends with an error that names the file, or
// the engine is whole; no trap, no endless loop.
import { setImmediate as turn } from "node:timers/promises";
import { Crc64 } from "../../hosts/shared/persistence/crc64";
import { FileError, MemorySource } from "../../hosts/shared/rdb/cursor";
import { importFile } from "../../hosts/shared/rdb/import";
import { writeRdb } from "../../hosts/shared/rdb/writer";
import { encode } from "../support/engine";
import { type HostEngine, hostEngine, NOW_MS } from "../support/host-engine";
import { fillingCommands, THRESHOLDS } from "../support/rdb";
import { randomNumbers } from "../support/workload";
import type { FuzzOptions } from "./parser.fuzz";

type Random = (limit: number) => number;

const CHECKSUM_BYTES = 8;
const FILES_PER_ROUND = 50;

export async function fuzz({ seed, seconds, log }: FuzzOptions): Promise<void> {
  const random = randomNumbers(seed);
  const deadline = performance.now() + seconds * 1000;
  const target = hostEngine();
  let refused = 0;
  let loaded = 0;
  while (performance.now() < deadline) {
    const file = random(3) === 0 ? commandFile(random) : rdbFile(random);
    for (let n = 0; n < FILES_PER_ROUND && performance.now() < deadline; n++) {
      if (await load(target, damage(file, random))) loaded++;
      else refused++;
    }
    const broken = target.engine.validate();
    if (broken !== 0) throw new Error(`invariant ${broken} is broken`);
  }
  log(`rdb: ${refused} files refused, ${loaded} loaded`);
}

/** Whether the file was loaded; throws when something happens that must not. */
async function load(target: HostEngine, bytes: Uint8Array): Promise<boolean> {
  target.pipeline.one("FLUSHALL", "SYNC");
  const open = () => Object.assign(new MemorySource("x", [bytes]), { close: () => {} });
  try {
    await importFile("x", {
      sessions: target.sessions,
      open,
      skipUnknown: bytes.length % 2 === 0,
      now: () => NOW_MS,
      clock: () => performance.now(),
      turn: () => turn(),
      notice: () => {},
      warning: () => {},
    });
    return true;
  } catch (cause) {
    if (cause instanceof FileError && target.engine.trap === undefined) return false;
    throw new Error(`${Buffer.from(bytes).toString("hex")}: ${cause}`);
  }
}

function smallCommands(random: Random): string[][] {
  const commands = fillingCommands(1 + random(1e9), 10);
  return commands.filter((words) => words.join("").length < 500);
}

function rdbFile(random: Random): Uint8Array {
  const engine = hostEngine(32 * 1024 * 1024);
  for (const [name, value] of Object.entries(THRESHOLDS[random(3)] ?? {})) {
    engine.pipeline.one("CONFIG", "SET", name, value);
  }
  engine.pipeline.run(
    smallCommands(random).map((words) => words.map((word) => Buffer.from(word, "latin1"))),
  );
  const pieces: Buffer[] = [];
  writeRdb(engine.sessions, {
    nowMs: NOW_MS,
    send: (bytes) => void pieces.push(Buffer.from(bytes)),
  });
  return Buffer.concat(pieces);
}

function commandFile(random: Random): Uint8Array {
  const commands = smallCommands(random).map((words) => encode(words));
  const start = random(2) === 0 ? [rdbFile(random)] : [];
  return Buffer.concat([...start, encode(["MULTI"]), ...commands, encode(["EXEC"])]);
}

/** Some bytes changed, removed, doubled or cut off; often with a checksum that fits. */
function damage(file: Uint8Array, random: Random): Uint8Array {
  let bytes = Buffer.from(file);
  for (let n = random(4); n >= 0; n--) {
    const at = random(bytes.length);
    const count = random(8);
    switch (random(6)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + count)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at + count), bytes.subarray(at)]);
        break;
      case 4:
        bytes.fill(255, at, Math.min(at + count, bytes.length));
        break;
      default:
        if (random(4) === 0) bytes = bytes.subarray(0, at);
    }
    if (bytes.length < 32) return file;
  }
  const end = bytes.length - CHECKSUM_BYTES;
  if (random(2) === 0) bytes.fill(0, end);
  else bytes.set(new Crc64().update(bytes, 0, end).bytes(), end);
  return bytes;
}
