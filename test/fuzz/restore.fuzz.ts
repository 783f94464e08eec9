// Payloads for RESTORE: random values, mutated ones with a right checksum, and forms by hand. Never
// a trap, never a broken invariant, nothing left of a refused value; what was taken dumps and
// restores to the same.
import { EXCHANGE, Exchange, SessionFlag } from "../../assembly/abi";
import { Crc64 } from "../../hosts/shared/persistence/crc64";
import { encode, TestEngine, type TestSession } from "../support/engine";
import { RandomValues } from "../support/random-values";
import { type Bytes, listpackOf, payload, text, ziplistOf } from "../support/rdb-values";
import { randomNumbers } from "../support/workload";
import type { FuzzOptions } from "./parser.fuzz";

const VALUES = 12;
const MUTANTS = 60;
const TYPES = [0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 16, 17, 18, 20, 22, 23, 24, 25];
const VERSIONS = [9, 10, 11, 12, 80];
/** Bytes at the borders of the forms. */
const TELLING = [0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xc3, 0xe0, 0xf0, 0xfe, 0xff];
const FOOTER_BYTES = 10;

type Random = (limit: number) => number;

export async function fuzz({ seed, seconds, log }: FuzzOptions): Promise<void> {
  const random = randomNumbers(seed);
  const deadline = performance.now() + seconds * 1000;
  const totals = { taken: 0, refused: 0 };
  while (performance.now() < deadline) {
    const roundSeed = 1 + random(2 ** 31);
    try {
      const { taken, refused } = runRound(roundSeed);
      totals.taken += taken;
      totals.refused += refused;
    } catch (error) {
      log(`restore: failed in the round with seed ${roundSeed}`);
      throw error;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  log(`restore: ${totals.taken} payloads taken, ${totals.refused} refused`);
}

function runRound(seed: number): { taken: number; refused: number } {
  const random = randomNumbers(seed);
  const engine = new TestEngine({ heapMb: 16, seed: [seed, 1, 2, 3] });
  const host = engine.open(SessionFlag.INTERNAL);
  const configure = (...words: string[]) => host.raw(encode(["QUIRE", "CONFIGURE", ...words]));
  configure("enable-debug-command", "yes");
  const session = engine.open();
  const values = new RandomValues(seed);
  const counts = { taken: 0, refused: 0 };
  const corpus = Array.from({ length: VALUES }, () => makePayload(session, values, random));
  // CONFIG SET of what the host applies would wait for it.
  for (const [, , ...words] of values.limits()) configure(...words);
  for (const whole of corpus) {
    for (let n = 0; n < MUTANTS; n++) {
      const bytes = n ? mutant(random, whole, corpus) : whole;
      if (random(8) === 0) failReserve(engine, 1 + random(4));
      if (tryPayload(engine, session, bytes)) counts.taken += 1;
      else counts.refused += 1;
    }
  }
  return counts;
}

/** The payload of a random value, or of random entries in one of the older forms. */
function makePayload(session: TestSession, values: RandomValues, random: Random): Buffer {
  if (random(3) === 0) return handMade(random);
  session.raw(encode(["CONFIG", "SET", "rdb-version", String(10 + random(3))]));
  session.raw(encode(["DEL", "made"]));
  const made = values.command("made").slice(0, 60);
  session.raw(encode(made.length % 2 ? made.slice(0, -1) : made));
  const dumped = session.raw(encode(["DUMP", "made"]));
  return dumped.startsWith("$-") ? handMade(random) : bodyOf(dumped);
}

function handMade(random: Random): Buffer {
  const entry = (): Bytes => {
    const length = random(6);
    return [0x80 + length, ...Array.from({ length }, () => 0x61 + random(26))];
  };
  const entries = Array.from({ length: random(20) }, entry);
  const older = entries.map(([head = 0, ...rest]) => [head - 0x80, ...rest]);
  const packed = random(2) ? listpackOf(entries) : ziplistOf(older);
  return payload(TYPES[random(TYPES.length)] ?? 0, text(packed), VERSIONS[random(5)]);
}

const bodyOf = (bulk: string) => Buffer.from(bulk.slice(bulk.indexOf("\r\n") + 2, -2), "latin1");

/** The payload changed here and there, its checksum right again. */
function mutant(random: Random, whole: Buffer, corpus: Buffer[]): Buffer {
  let value: Bytes = [...whole.subarray(0, -FOOTER_BYTES)];
  let type = value.shift() ?? 0;
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = random(value.length + 1);
    switch (random(9)) {
      case 0:
        type = TYPES[random(TYPES.length)] ?? 0;
        break;
      case 1:
        value = value.slice(0, at);
        break;
      case 2:
        value.splice(at, random(4), ...Array.from({ length: random(4) }, () => random(256)));
        break;
      case 3:
        value.splice(at, 0, ...value.slice(random(at + 1), at));
        break;
      case 4: {
        const other = corpus[random(corpus.length)] ?? whole;
        value.splice(at, value.length, ...other.subarray(random(other.length)));
        break;
      }
      default:
        if (at < value.length) value[at] = changedByte(random, value[at] ?? 0);
    }
  }
  const bytes = Uint8Array.from([type, ...value, VERSIONS[random(5)] ?? 10, 0]);
  const sum = random(50) ? new Crc64().update(bytes).bytes() : new Uint8Array(8);
  return Buffer.concat([bytes, sum]);
}

function changedByte(random: Random, byte: number): number {
  if (random(2)) return TELLING[random(TELLING.length)] ?? 0;
  return random(2) ? byte ^ (1 << random(8)) : (byte + random(3) - 1) & 255;
}

function failReserve(engine: TestEngine, n: number): void {
  engine.view().setUint32(EXCHANGE + Exchange.FAIL_RESERVE, n, true);
}

/** Restores the payload; true when it was taken. Refused or not, everything must be in order. */
function tryPayload(engine: TestEngine, session: TestSession, bytes: Buffer): boolean {
  session.raw(encode(["DEL", "k"]));
  const reply = session.raw(encode(["RESTORE", "k", "0", bytes, "REPLACE"]));
  failReserve(engine, 0);
  const broken = engine.exports.validate();
  if (broken) throw new Error(`validate answers ${broken} after ${bytes.toString("hex")}`);
  if (reply === "+OK\r\n") compareAgain(session, bytes);
  else if (!/^-(ERR (Bad data|DUMP payload)|OOM)/.test(reply)) throw new Error(reply);
  else if (session.raw(encode(["EXISTS", "k"])) !== ":0\r\n") throw new Error("a key is left");
  return reply === "+OK\r\n";
}

/** A value that was taken must come through DUMP and RESTORE as it is. */
function compareAgain(session: TestSession, bytes: Buffer): void {
  session.raw(encode(["CONFIG", "SET", "rdb-version", "12"]));
  const dumped = session.raw(encode(["DUMP", "k"]));
  // Fields whose time has passed go as soon as someone looks.
  if (dumped.startsWith("$-1")) return;
  const digest = () => session.raw(encode(["DEBUG", "DIGEST-VALUE", "k"]));
  const before = digest();
  const reply = session.raw(encode(["RESTORE", "k", "0", bodyOf(dumped), "REPLACE"]));
  if (reply !== "+OK\r\n" || digest() !== before) {
    throw new Error(`not the same again: ${bytes.toString("hex")}: ${reply}`);
  }
}
