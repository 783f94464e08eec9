// A user with rights to some keys runs random commands over all of them: what it may not read never
// shows in a reply, and what it may not write stays as it is.
import { SessionFlag } from "../../assembly/abi";
import { encode, TestEngine, type TestSession } from "../support/engine";
import { RandomCommands, type Words } from "../support/random-commands";
import { randomNumbers } from "../support/workload";
import type { FuzzOptions } from "./parser.fuzz";

const KEYS = 12;
const COMMANDS = 3000;
/** What every value holds that the user may not read. */
const SECRET = "SeCrEt";
/** key:0 to key:3 are free; 5 to 7 may be read, 8 and 9 written, 10 and 11 neither. */
const RULES = ["~key:[0-3]", "%R~key:[5-7]", "%W~key:[89]"];
const UNREADABLE = ["key:8", "key:9", "key:10", "key:11"];
const UNWRITABLE = ["key:5", "key:6", "key:7", "key:10", "key:11"];
/** What shows or removes keys whatever the rights, in Redis as well. */
const FOR_ALL_KEYS = ["-flushall", "-flushdb", "-swapdb", "-@admin", "-debug", "-select"];

type Random = (limit: number) => number;

export async function fuzz({ seed, seconds, log }: FuzzOptions): Promise<void> {
  const random = randomNumbers(seed);
  const deadline = performance.now() + seconds * 1000;
  const totals = { rounds: 0, allowed: 0, refused: 0 };
  while (performance.now() < deadline) {
    const roundSeed = 1 + random(2 ** 31);
    try {
      const { allowed, refused } = runRound(roundSeed);
      totals.allowed += allowed;
      totals.refused += refused;
    } catch (error) {
      log(`rights: failed in the round with seed ${roundSeed}`);
      throw error;
    }
    totals.rounds += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  log(`rights: ${totals.rounds} rounds, ${totals.allowed} answered, ${totals.refused} refused`);
  if (totals.allowed === 0 || totals.refused === 0) throw new Error("rights: nothing was tried");
}

function runRound(seed: number): { allowed: number; refused: number } {
  const random = randomNumbers(seed);
  const engine = new TestEngine({ heapMb: 16, seed: [seed, 1, 2, 3] });
  const host = engine.open(SessionFlag.INTERNAL);
  host.call("QUIRE CONFIGURE enable-debug-command yes");
  fill(host, random);
  host.call("ACL", "SETUSER", "u", "on", "nopass", "+@all", ...FOR_ALL_KEYS, ...RULES);
  const session = engine.open();
  session.call("AUTH u x");
  const source = new RandomCommands({
    ...{ seed, nowMs: engine.now, newer: true, nonsense: 15, keys: KEYS, longest: 50 },
  });
  const before = digestOf(host);
  const counts = { allowed: 0, refused: 0 };
  for (let left = COMMANDS; left > 0; left--) {
    const words = trick(random, source);
    const reply = run(session, words, random);
    if (reply.includes("NOPERM")) counts.refused += 1;
    else counts.allowed += 1;
    if (reply.includes(SECRET)) throw new Error(`shown by ${JSON.stringify(words)}: ${reply}`);
    if (digestOf(host) !== before) throw new Error(`changed by ${JSON.stringify(words)}: ${reply}`);
  }
  const broken = engine.exports.validate();
  if (broken !== 0) throw new Error(`validate answers ${broken}`);
  return counts;
}

/** Keys of every type, with secrets in those that may not be read. */
function fill(host: TestSession, random: Random): void {
  for (let number = 0; number < KEYS; number++) {
    const key = `key:${number}`;
    const word = UNREADABLE.includes(key) ? SECRET : "open";
    const values: Words[] = [
      ["SET", key, `${word} 1`],
      ["RPUSH", key, `${word} 1`, `${word} 2`, "5"],
      ["SADD", key, `${word} 1`, `${word} 2`],
      ["HSET", key, `${word} f`, `${word} 1`, "f", `${word} 2`],
      ["ZADD", key, "1", `${word} 1`, "2", `${word} 2`],
      ["GEOADD", key, "13", "38", `${word} 1`, "15", "37", `${word} 2`],
    ];
    host.raw(encode(values[random(values.length)]!));
  }
}

function digestOf(host: TestSession): string {
  return host.raw(encode(["DEBUG", "DIGEST-VALUE", ...UNWRITABLE]));
}

/** A random command, or one of those that name their keys in ways of their own. */
function trick(random: Random, source: RandomCommands): Words {
  const key = () => source.key();
  const several = () => Array.from({ length: 1 + random(3) }, key);
  switch (random(30)) {
    case 0:
      return ["SORT", key(), ...options(random, key), ...options(random, key)];
    case 1: {
      const stores = [...store(random, key), ...store(random, key), ...store(random, key)];
      return ["GEORADIUS", key(), "13", "38", "900", "km", ...stores];
    }
    case 2:
      return ["GEORADIUSBYMEMBER", key(), "open 1", "900", "km", ...store(random, key)];
    case 3:
      return ["MIGRATE", "h", "1", source.of(["", key()]), "0", "1", "KEYS", ...several()];
    case 4:
      return [
        "ZUNIONSTORE",
        key(),
        source.of(["1", "+1", "01", "2", "3", "0", "-1"]),
        ...several(),
      ];
    case 5:
      return [source.of(["LMPOP", "ZMPOP"]), source.of(["1", "2", "02"]), ...several(), "LEFT"];
    case 6:
      return [source.of(["OBJECT", "MEMORY"]), source.of(["FREQ", "USAGE", "ENCODING"]), key()];
    case 7:
      return ["COMMAND", source.of(["GETKEYS", "GETKEYSANDFLAGS"]), "GET", key()];
    case 8:
      return ["DUMP", key()];
    case 9:
      return ["SCAN", "0", "COUNT", "100"];
    default:
      return source.next();
  }
}

function options(random: Random, key: () => string): Words {
  const choices = [["STORE", key()], ["GET", key()], ["BY", key()], ["GET", "key:*"], ["ALPHA"]];
  return [...choices, ["LIMIT", "0", "STORE"], ["BY", "STORE"]][random(7)]!;
}

function store(random: Random, key: () => string): Words {
  return [["STORE", key()], ["STOREDIST", key()], ["STORE", "STORE"], ["ASC"]][random(4)]!;
}

/** Runs it, now and then inside a transaction; what would wait is told that its time is over. */
function run(session: TestSession, words: Words, random: Random): string {
  const isQueued = random(6) === 0;
  if (isQueued) session.raw(encode(["MULTI"]));
  let reply = session.raw(encode(words));
  if (isQueued) reply += session.raw(encode(["EXEC"]));
  const { engine } = session;
  for (let rounds = 0; session.status !== 0 && rounds < 3; rounds++) {
    reply += letGo(session);
  }
  return reply + engine.takeReplies(session.id).toString("latin1");
}

function letGo(session: TestSession): string {
  const { engine } = session;
  const request = engine.request();
  if (request.kind !== 0) {
    session.status = engine.complete(request.id, false, "ERR the host is not there");
  } else {
    const other = engine.open();
    other.raw(encode(["CLIENT", "UNBLOCK", String(session.id)]));
    other.close();
    session.status = engine.exports.resume(session.id, engine.now);
  }
  return engine.takeReplies(session.id).toString("latin1");
}
