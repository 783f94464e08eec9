/** Random commands from a seed, the same on every run: for tests that compare two engines. */

/** A small random generator (xorshift32); the seed must not be 0. */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed | 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** The next command of a workload; `now` is the time that absolute expiries are relative to. */
export type Workload = (now: number) => (string | number)[];

/** Writes of all sizes over a few hundred keys in two databases, with reads in between. */
export function randomWorkload(seed: number, keys = 400): Workload {
  const random = randomNumbers(seed);
  const key = () => `key:${random(keys)}`;
  const value = () => randomValue(random);
  const commands: ((now: number) => (string | number)[])[] = [
    () => ["SET", key(), value()],
    () => ["SET", key(), value(), "PX", 1 + random(5000)],
    () => ["SET", key(), random(1000000), "KEEPTTL"],
    () => ["SETNX", key(), value()],
    () => ["GETSET", key(), value()],
    () => ["APPEND", key(), value()],
    () => ["SETRANGE", key(), random(5000), value()],
    () => ["MSET", key(), value(), key(), value(), key(), value()],
    () => ["INCRBY", `count:${random(keys)}`, random(1000)],
    () => ["INCRBYFLOAT", `float:${random(20)}`, `${random(100)}.25`],
    () => ["HSET", `hash:${random(20)}`, `field:${random(30)}`, value()],
    () => ["HSET", `hash:${random(20)}`, ...manyPairs(random)],
    () => ["HINCRBY", `hash:${random(20)}`, `number:${random(5)}`, random(1000)],
    () => ["HDEL", `hash:${random(20)}`, `field:${random(30)}`, `f${random(800)}`],
    () => ["RENAME", `hash:${random(20)}`, `hash:${random(20)}`],
    () => ["DEL", `hash:${random(20)}`],
    () => ["HPEXPIRE", `hash:${random(20)}`, random(9000), ...someFields(random)],
    () => ["HPERSIST", `hash:${random(20)}`, ...someFields(random)],
    () => ["COPY", `hash:${random(20)}`, `hash:${random(20)}`, "REPLACE"],
    () => ["GET", key()],
    () => ["GETDEL", key()],
    () => ["DEL", key(), key()],
    () => ["UNLINK", key()],
    () => ["PEXPIRE", key(), random(5000)],
    (now) => ["PEXPIREAT", key(), now + random(5000)],
    () => ["PERSIST", key()],
    () => ["RENAME", key(), key()],
    () => ["COPY", key(), key(), "REPLACE"],
    () => ["MOVE", key(), 1],
    () => ["STRLEN", key()],
    () => ["TTL", key()],
    () => ["SELECT", random(8) === 0 ? 1 : 0],
    () => (random(40) === 0 ? ["FLUSHDB"] : ["EXISTS", key()]),
  ];
  return (now) => (commands[random(commands.length)] ?? commands[0]!)(now);
}

/** Short fields, as many as fit a packed hash or a few more. */
function manyPairs(random: (limit: number) => number): (string | number)[] {
  const count = random(4) === 0 ? 1 + random(600) : 1 + random(20);
  return Array.from({ length: count }, () => [`f${random(800)}`, random(100_000)]).flat();
}

/** FIELDS with names that `manyPairs` may have set. */
function someFields(random: (limit: number) => number): (string | number)[] {
  const fields = Array.from({ length: 1 + random(40) }, () => `f${random(800)}`);
  return ["FIELDS", fields.length, ...fields];
}

function randomValue(random: (limit: number) => number): string | number {
  const letter = String.fromCharCode(97 + random(26));
  switch (random(8)) {
    case 0:
      return random(2 ** 31);
    case 1:
      return letter.repeat(1000 + random(9000));
    case 2:
      return random(10) === 0 ? letter.repeat(random(300_000)) : "";
    default:
      return letter.repeat(random(200));
  }
}
