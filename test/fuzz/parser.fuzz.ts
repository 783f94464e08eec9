// Bytes into the request parser: whatever comes in whatever pieces, no trap and the same replies.
import { SessionFlag, Status } from "../../assembly/abi";
import { encode, TestEngine, type TestSession } from "../support/engine";
import { RandomCommands } from "../support/random-commands";
import { randomNumbers } from "../support/workload";

export interface FuzzOptions {
  seed: number;
  seconds: number;
  log: (line: string) => void;
}

const RESET = Buffer.concat([encode(["FLUSHALL"]), encode(["SELECT", "0"])]);
/** Bytes that mean something to the parser come more often than others. */
const TELLING = Buffer.from("*$+-:0123456789\r\n\r\n\0\"' \\xPINGping*1\r\n$4\r\n", "latin1");

type Random = (limit: number) => number;

/** What a session did with its input. */
interface Outcome {
  replies: string;
  closed: boolean;
}

export async function fuzz({ seed, seconds, log }: FuzzOptions): Promise<void> {
  const random = randomNumbers(seed);
  const deadline = performance.now() + seconds * 1000;
  const counts = { random: 0, splits: 0, mutated: 0 };
  while (performance.now() < deadline) {
    const engines = new Pair(KINDS[random(KINDS.length)] ?? "ordinary");
    const traffic = validTraffic(random, 1 + random(6));
    counts.splits += everySplit(engines, traffic, deadline);
    for (let n = 0; n < 20; n++) {
      comparePieces(engines, mutate(random, traffic), random);
      comparePieces(engines, randomBytes(random), random);
      counts.mutated += 1;
      counts.random += 1;
    }
    engines.check();
    await new Promise((resolve) => setImmediate(resolve));
  }
  log(`parser: ${counts.splits} splits, ${counts.mutated} mutated, ${counts.random} random inputs`);
}

/**
 * "locked": a password that the sessions do not show. "little memory": so little that requests are
 * refused, which may depend on the pieces, so replies are not compared.
 */
type Kind = "ordinary" | "locked" | "little memory";
const KINDS: Kind[] = ["ordinary", "ordinary", "locked", "little memory"];

/** A session that stays open, for no new one is let in where memory is full. */
const cleaners = new WeakMap<TestEngine, TestSession>();

/** Two engines with the same data: one gets inputs whole, the other one in pieces. */
class Pair {
  readonly whole: TestEngine;
  readonly pieces: TestEngine;

  constructor(readonly kind: Kind) {
    const make = () => new TestEngine({ heapMb: kind === "little memory" ? 1.5 : 16 });
    [this.whole, this.pieces] = [make(), make()];
    for (const engine of [this.whole, this.pieces]) {
      const session = engine.open(SessionFlag.INTERNAL);
      if (kind === "locked") session.raw(encode(["CONFIG", "SET", "requirepass", "secret"]));
      cleaners.set(engine, session);
    }
  }

  check(): void {
    for (const engine of [this.whole, this.pieces]) {
      if (engine.exports.validate() !== 0) throw new Error("validate found a broken invariant");
      const reply = cleaners.get(engine)?.raw("PING\r\n");
      if (reply !== "+PONG\r\n") throw new Error(`PING answers ${JSON.stringify(reply)}`);
    }
  }
}

/** Feeds pieces to a session of their own on a fresh data set; a closed one gets no more. */
function run(engine: TestEngine, pieces: Uint8Array[]): Outcome {
  cleaners.get(engine)?.raw(RESET);
  engine.tick();
  const session = engine.open();
  let replies = "";
  for (const piece of pieces) {
    replies += session.raw(piece);
    if (session.status !== Status.CONTINUE) break;
  }
  const outcome = { replies, closed: session.status === Status.CLOSE };
  session.close();
  return outcome;
}

/** Valid traffic, cut in two at every offset; and cut off there, with only the first part sent. */
function everySplit(engines: Pair, traffic: Buffer, deadline: number): number {
  const expected = run(engines.whole, [traffic]);
  for (let at = 1; at < traffic.length; at++) {
    const [head, tail] = [traffic.subarray(0, at), traffic.subarray(at)];
    compare(engines, expected, run(engines.pieces, [head, tail]), [head, tail]);
    const cut = run(engines.pieces, [head]);
    const isStart = expected.replies.startsWith(cut.replies);
    if (!isStart && engines.kind !== "little memory") fail("cut off", expected, cut, [head]);
    if (performance.now() > deadline) return at;
  }
  return traffic.length - 1;
}

/** The same input whole and in random pieces. */
function comparePieces(engines: Pair, input: Buffer, random: Random): void {
  const pieces = cut(input, random);
  compare(engines, run(engines.whole, [input]), run(engines.pieces, pieces), pieces);
}

function cut(input: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  const longest = [1, 3, 20, 500, 20_000][random(5)] ?? 1;
  for (let at = 0; at < input.length; ) {
    const bytes = 1 + random(longest);
    pieces.push(input.subarray(at, at + bytes));
    at += bytes;
  }
  return pieces;
}

function compare({ kind }: Pair, expected: Outcome, found: Outcome, pieces: Uint8Array[]): void {
  if (kind === "little memory") return;
  if (expected.replies === found.replies && expected.closed === found.closed) return;
  fail("pieces change the replies", expected, found, pieces);
}

function fail(what: string, expected: Outcome, found: Outcome, pieces: Uint8Array[]): never {
  const input = pieces.map((piece) => JSON.stringify(Buffer.from(piece).toString("latin1")));
  throw new Error(
    `${what}:\n  ${input.join("\n  ").slice(0, 4000)}\n` +
      `  expected ${JSON.stringify(expected).slice(0, 1000)}\n` +
      `  found    ${JSON.stringify(found).slice(0, 1000)}`,
  );
}

/** A pipeline of string and key commands, some of them inline. */
function validTraffic(random: Random, commands: number): Buffer {
  const seed = 1 + random(2 ** 31);
  const longest = random(20) === 0 ? 40_000 : 60;
  const source = new RandomCommands({ seed, nowMs: 1_700_000_000_000, nonsense: 5, longest });
  const parts = Array.from({ length: commands }, () => {
    const words = source.next();
    const plain = words.every((word) => /^[!#-&(-[\]-~]+$/.test(word));
    return plain && random(4) === 0 ? Buffer.from(`${words.join(" ")}\r\n`) : encode(words);
  });
  return Buffer.concat(parts);
}

function mutate(random: Random, traffic: Buffer): Buffer {
  let bytes = Buffer.from(traffic);
  for (let n = 1 + random(4); n > 0 && bytes.length > 0; n--) {
    const at = random(bytes.length);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (random(5)) {
      case 0:
        bytes[at] = randomByte(random);
        break;
      case 1:
        bytes = Buffer.concat([head, Buffer.from([randomByte(random)]), tail]);
        break;
      case 2:
        bytes = Buffer.concat([head, tail.subarray(1 + random(8))]);
        break;
      case 3:
        bytes = Buffer.concat([head, head.subarray(random(head.length + 1)), tail]);
        break;
      default:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    }
  }
  return bytes;
}

function randomBytes(random: Random): Buffer {
  const length = random(40) === 0 ? random(200_000) : random(300);
  return Buffer.from(Array.from({ length }, () => randomByte(random)));
}

function randomByte(random: Random): number {
  return random(4) === 0 ? random(256) : (TELLING[random(TELLING.length)] ?? 0);
}
