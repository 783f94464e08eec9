// Random commands in little memory: refusals of every kind, never a trap, never a broken invariant,
// and effects that replay to the same data set.
import { EXCHANGE, Exchange, SessionFlag, Status } from "../../assembly/abi";
import { decode, encode, TestEngine, type TestSession } from "../support/engine";
import { RandomCommands } from "../support/random-commands";
import { randomNumbers } from "../support/workload";
import type { FuzzOptions } from "./parser.fuzz";

const DATABASES = 3;
const BATCHES = 30;
const BATCH = 60;
/** A request that names a key longer than this may need memory that is not there. */
const LONG_KEY = 10_000;

type Random = (limit: number) => number;

export async function fuzz({ seed, seconds, log }: FuzzOptions): Promise<void> {
  const random = randomNumbers(seed);
  const deadline = performance.now() + seconds * 1000;
  const totals = { rounds: 0, commands: 0, refused: 0 };
  while (performance.now() < deadline) {
    const roundSeed = 1 + random(2 ** 31);
    try {
      const { commands, refused } = runRound(roundSeed);
      totals.commands += commands;
      totals.refused += refused;
    } catch (error) {
      log(`commands: failed in the round with seed ${roundSeed}`);
      throw error;
    }
    totals.rounds += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rounds, commands, refused } = totals;
  log(`commands: ${rounds} rounds, ${commands} commands, ${refused} refused for want of memory`);
}

function runRound(seed: number): { commands: number; refused: number } {
  const random = randomNumbers(seed);
  const heapMb = [1.5, 2, 2.5, 4][random(4)] ?? 2;
  const engine = new TestEngine({ heapMb, databases: DATABASES, seed: [seed, 1, 2, 3] });
  engine.exports.setEffects(1);
  const reader = engine.open(SessionFlag.INTERNAL);
  const sessions = Array.from({ length: 3 }, () => engine.open());
  const source = new RandomCommands({
    seed,
    nowMs: engine.now,
    near: true,
    newer: true,
    nonsense: 20,
    keys: [5, 100, 3000][random(3)],
    longest: [100, 20_000, 300_000][random(3)],
  });
  const effects: string[] = [];
  let refused = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    const index = random(sessions.length);
    const session = sessions[index]!;
    if (random(10) === 0) limitMemory(session, random);
    if (random(4) === 0) failReserve(engine, 1 + random(40));
    const commands = Array.from({ length: BATCH }, () => encode(source.next()));
    const replies = session.raw(Buffer.concat(commands));
    failReserve(engine, 0);
    refused += replies.split("\r\n-OOM ").length - 1;
    if (session.status === Status.CLOSE) replaceSession(sessions, index);
    engine.now += random(500);
    if (random(3) === 0) engine.exports.tick(engine.now, 1 + random(200));
    effects.push(engine.takeEffects());
    const broken = engine.exports.validate();
    if (broken !== 0) throw new Error(`validate answers ${broken}, seed ${seed}, batch ${batch}`);
  }
  compareReplay(reader, effects.join("") + engine.takeEffects(), heapMb);
  return { commands: BATCHES * BATCH, refused };
}

/** A closed session makes room for another one, unless memory is too short for that. */
function replaceSession(sessions: TestSession[], index: number): void {
  const [closed] = sessions.splice(index, 1);
  closed?.close();
  try {
    if (closed) sessions.push(closed.engine.open());
  } catch (error) {
    if (sessions.length === 0) throw error;
  }
}

/** The n-th reserve from now on fails; 0: none does. */
function failReserve(engine: TestEngine, n: number): void {
  engine.view().setUint32(EXCHANGE + Exchange.FAIL_RESERVE, n, true);
}

function limitMemory(session: TestSession, random: Random): void {
  const limit = random(2) === 0 ? "0" : String(200_000 + random(1_500_000));
  session.raw(encode(["CONFIG", "SET", "maxmemory", limit]));
}

/** Replays the effects into an empty engine and compares key by key. */
function compareReplay(reader: TestSession, effects: string, heapMb: number): void {
  const copy = new TestEngine({ heapMb: heapMb + 8, databases: DATABASES, seed: [9, 9, 9, 9] });
  copy.now = reader.engine.now;
  const replies = copy.open(SessionFlag.REPLAY).raw(effects);
  const error = /^-[A-Z]+ .*/m.exec(replies);
  if (error) throw new Error(`replaying an effect answers ${error[0]}`);
  const copyReader = copy.open(SessionFlag.INTERNAL);
  if (copy.exports.validate() !== 0) throw new Error("validate after the replay");
  for (let database = 0; database < DATABASES; database++) {
    const [ours, theirs] = [contents(reader, database), contents(copyReader, database)];
    for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
      if (ours.get(key) === theirs.get(key)) continue;
      const shown = [ours.get(key), theirs.get(key)].map((text) => text?.slice(0, 300));
      throw new Error(
        `database ${database}, ${JSON.stringify(key.slice(0, 300))}: ${JSON.stringify(shown)}`,
      );
    }
  }
}

function read(session: TestSession, key: string): string {
  const replies = ["TYPE", "PEXPIRETIME", "GET"].map((name) => session.raw(encode([name, key])));
  if (replies[0] !== "+hash\r\n") return replies.join("");
  const fields = decode(session.raw(encode(["HKEYS", key]))) as string[];
  // As with keys: what names it may find no memory.
  if (fields.join("").length > LONG_KEY) return replies.join("") + fields.sort().join("");
  const rest = ["FIELDS", fields.length, ...fields];
  const times = decode(session.raw(encode(["HPEXPIRETIME", key, ...rest]))) as number[];
  const values = decode(session.raw(encode(["HMGET", key, ...fields]))) as string[];
  const triples = fields.map((field, n) => JSON.stringify([field, values[n], times[n]]));
  return replies.join("") + triples.sort().join("");
}

/** Key -> type, expiry and value of a database. */
function contents(session: TestSession, database: number): Map<string, string> {
  session.raw(encode(["SELECT", database]));
  const keys = decode(session.raw(encode(["KEYS", "*"]))) as string[];
  return new Map(keys.map((key) => [key, key.length > LONG_KEY ? "" : read(session, key)]));
}
