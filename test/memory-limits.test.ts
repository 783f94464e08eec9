// Memory: values as large as they may be, limits, exhaustion, and the work that one call may take.
import { describe, expect, it } from "vitest";
import { EXCHANGE, Exchange, Status } from "../assembly/abi";
import { encode, TestEngine, type TestSession } from "./support/engine";
import { RandomCommands } from "./support/random-commands";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);
const MIB = 1 << 20;
const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

function ask(session: TestSession, ...words: (string | number | Uint8Array)[]): string {
  return session.raw(encode(words));
}

function configure(session: TestSession, name: string, value: string | number): void {
  expect(ask(session, "CONFIG", "SET", name, value)).toBe("+OK\r\n");
}

/** Bytes of all blocks; `used_memory` has the page table up to the highest one besides. */
function usedBytes(session: TestSession): number {
  return Number(/allocator_allocated:(\d+)/.exec(ask(session, "INFO", "memory"))?.[1]);
}

/** Uses what is made when first used: a database's table, a command's latency record. */
function warmUp(session: TestSession): void {
  ask(session, "SET", "warm", "1");
  ask(session, "APPEND", "warm", "1");
  ask(session, "SETRANGE", "warm", "1", "1");
  ask(session, "COPY", "warm", "warmer");
  ask(session, "PEXPIRE", "warm", "100000");
  for (const name of ["GET", "STRLEN", "EXISTS"]) ask(session, name, "warm");
  ask(session, "GETRANGE", "warm", "0", "1");
  ask(session, "PING");
  ask(session, "DBSIZE");
  ask(session, "DEL", "warm", "warmer");
  configure(session, "maxmemory", 0);
  usedBytes(session);
}

/** Background work until there is none left. */
function settle(engine: TestEngine): void {
  for (let n = 0; n < 100_000 && engine.exports.tick(engine.now, 1000) !== 0; n++);
}

describe("a value of 512 MB", () => {
  it("is refused above proto-max-bulk-len and stored below it", { timeout: 120_000 }, () => {
    const engine = new TestEngine({ heapMb: 600 });
    const session = engine.open();
    const bytes = 512 * MIB;
    warmUp(session);
    const before = usedBytes(session);

    configure(session, "proto-max-bulk-len", 500 * MIB);
    const refused = engine.open();
    const head = `*3\r\n$3\r\nSET\r\n$1\r\na\r\n$${bytes}\r\n`;
    expect(refused.raw(head)).toBe("-ERR Protocol error: invalid bulk length\r\n");
    refused.close();

    configure(session, "proto-max-bulk-len", bytes);
    const writer = engine.open();
    expect(writer.raw(head)).toBe("");
    const piece = Buffer.alloc(8 * MIB, "0123456789abcdef");
    for (let sent = 0; sent < bytes; sent += piece.length) expect(writer.raw(piece)).toBe("");
    expect(writer.raw("\r\n")).toBe("+OK\r\n");

    expect(ask(session, "STRLEN", "a")).toBe(`:${bytes}\r\n`);
    expect(ask(session, "GETRANGE", "a", bytes - 16, -1)).toBe("$16\r\n0123456789abcdef\r\n");
    expect(usedBytes(session) - before).toBeLessThan(bytes * 1.01);
    expect(ask(session, "APPEND", "a", "x")).toMatch(/^-ERR string exceeds maximum allowed size/);
    expect(ask(session, "SETRANGE", "a", bytes, "x")).toMatch(/^-ERR string exceeds maximum/);
    expect(ask(session, "COPY", "a", "b")).toBe(OOM);
    expect(engine.exports.validate()).toBe(0);
    expect(ask(session, "DEL", "a")).toBe(":1\r\n");
    writer.close();
    settle(engine);
    expect(usedBytes(session)).toBe(before);
  });

  it("is refused, and the session served on, where memory is too small", () => {
    const engine = new TestEngine({ heapMb: 32 });
    const session = engine.open();
    const bytes = 48 * MIB;
    session.raw(`*3\r\n$3\r\nSET\r\n$1\r\na\r\n$${bytes}\r\n`);
    const piece = Buffer.alloc(8 * MIB, "x");
    let replies = "";
    for (let sent = 0; sent < bytes; sent += piece.length) replies += session.raw(piece);
    replies += session.raw("\r\n");
    expect(replies).toBe(OOM);
    expect(ask(session, "GET", "a")).toBe("$-1\r\n");
    expect(engine.exports.validate()).toBe(0);
  });
});

describe("maxmemory", () => {
  it("refuses what would add, and serves the rest", () => {
    const engine = new TestEngine({ heapMb: 32 });
    const session = engine.open();
    configure(session, "maxmemory", usedBytes(session) + MIB);
    let stored = 0;
    while (ask(session, "SET", `key:${stored}`, "v".repeat(1000)) === "+OK\r\n") stored += 1;
    expect(stored).toBeGreaterThan(800);
    expect(stored).toBeLessThan(1100);
    for (const words of [
      ["SET", "a", "1"],
      ["APPEND", "key:0", "x"],
      ["INCR", "n"],
      ["MSET", "a", "1"],
      ["SETRANGE", "key:0", "5", "x"],
    ]) {
      expect(ask(session, ...words), words.join(" ")).toBe(OOM);
    }
    expect(ask(session, "GET", "key:0")).toBe(`$1000\r\n${"v".repeat(1000)}\r\n`);
    expect(ask(session, "EXPIRE", "key:1", 100)).toBe(":1\r\n");
    expect(ask(session, "DBSIZE")).toBe(`:${stored}\r\n`);
    expect(ask(session, "DEL", ...Array.from({ length: 50 }, (_, n) => `key:${n}`))).toBe(
      ":50\r\n",
    );
    expect(ask(session, "SET", "a", "1")).toBe("+OK\r\n");
    configure(session, "maxmemory", 0);
    expect(ask(session, "SET", "b", "v".repeat(100_000))).toBe("+OK\r\n");
    expect(engine.exports.validate()).toBe(0);
  });
});

describe("under a random workload", () => {
  const POLICIES = ["noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl"];
  const COMMANDS = Math.round(6000 * SCALE);
  const LONGEST = 20_000;
  /** What one command may add: a copy of the largest value that another grows, a table's step. */
  const RESULT = 4 * LONGEST + 64 * 1024;
  const NEVER = new Set(["flushall", "flushdb", "config", "debug", "swapdb"]);

  it.each(POLICIES)(
    "maxmemory is passed by one result at most, %s",
    { timeout: 60_000 },
    (policy) => {
      const engine = new TestEngine({ heapMb: 64 });
      let session = engine.open();
      const watcher = engine.open();
      warmUp(session);
      const commands = new RandomCommands({
        seed: 7,
        nowMs: engine.now,
        keys: 4000,
        longest: LONGEST,
      });
      const settings = ask(watcher, "CONFIG", "GET", "*");
      const users = ask(watcher, "ACL", "LIST");
      const limit = usedBytes(watcher) + 2 * MIB;
      configure(watcher, "maxmemory", limit);
      configure(watcher, "maxmemory-policy", policy);
      let added = 0;
      let refused = 0;
      let used = usedBytes(watcher);
      for (let count = 0; count < COMMANDS; count++) {
        const words = count % 3 ? commands.next() : sized(commands);
        if (NEVER.has(`${words[0]}`.toLowerCase())) continue;
        const before = used;
        if (ask(session, ...words) === OOM) refused += 1;
        if (session.status !== Status.CONTINUE) {
          session.close();
          session = engine.open();
        }
        used = usedBytes(watcher);
        added += Math.max(0, used - before);
        expect(used - limit, words.join(" ").slice(0, 80)).toBeLessThan(RESULT);
        if (count % 1000 === 0) expect(engine.exports.validate()).toBe(0);
      }
      // The limit was in the way all the time.
      const evicted = Number(/evicted_keys:(\d+)/.exec(ask(watcher, "INFO", "stats"))?.[1]);
      expect(refused + evicted).toBeGreaterThan(100);
      expect(added).toBeGreaterThan(2 * MIB);
      // What is not data is as it was.
      expect(ask(engine.open(), "ACL", "WHOAMI")).toBe("$7\r\ndefault\r\n");
      configure(watcher, "maxmemory", 0);
      configure(watcher, "maxmemory-policy", "noeviction");
      expect(ask(watcher, "CONFIG", "GET", "*")).toBe(settings);
      expect(ask(watcher, "ACL", "LIST")).toBe(users);
    },
  );

  /** A command that adds much, to keys of several sizes. */
  function sized(commands: RandomCommands): (string | number)[] {
    const value = "v".repeat(commands.random(commands.chance(10) ? LONGEST : 1000));
    const key = `sized:${commands.random(4000)}`;
    const makers = [
      () => ["SET", key, value],
      () => ["SET", key, value, "PX", 1_000_000 + commands.random(1000)],
      () => ["SETRANGE", key, commands.random(LONGEST), "x"],
      () => ["COPY", key, `${key}:copy`, "REPLACE"],
      () => ["RPUSH", `list:${commands.random(40)}`, value, value],
      () => ["HSET", `hash:${commands.random(40)}`, key, value],
      () => ["SADD", `set:${commands.random(40)}`, value, key],
    ];
    return commands.of(makers)();
  }

  it("maxmemory-clients is passed by one command's result at most", () => {
    const engine = new TestEngine({ heapMb: 64 });
    const watcher = engine.open();
    const clients = Array.from({ length: 40 }, () => engine.open());
    const limit = 2 * MIB;
    configure(watcher, "maxmemory-clients", limit);
    const commands = new RandomCommands({ seed: 9, nowMs: engine.now });
    const open = new Set(clients);
    for (let count = 0; count < COMMANDS; count++) {
      const place = commands.random(clients.length);
      const client = clients[place] as TestSession;
      const value = "v".repeat(commands.random(LONGEST));
      const kind = commands.random(5);
      if (kind === 0) ask(client, "MULTI");
      else if (kind === 1) client.raw(`*3\r\n$3\r\nSET\r\n$1\r\na\r\n$30000\r\n${value}`);
      else if (kind === 2) engine.exports.setUnsent(client.id, commands.random(100_000));
      else ask(client, "SET", "a", value);
      for (const id of engine.closed.splice(0)) {
        const gone = [...open].find((session) => session.id === id) as TestSession;
        gone.close();
        open.delete(gone);
        const fresh = engine.open();
        open.add(fresh);
        clients[clients.indexOf(gone)] = fresh;
      }
      const held = Number(/mem_clients_normal:(\d+)/.exec(ask(watcher, "INFO", "memory"))?.[1]);
      expect(held - limit).toBeLessThan(100_000 + 3 * LONGEST);
    }
    const evicted = Number(/evicted_clients:(\d+)/.exec(ask(watcher, "INFO", "stats"))?.[1]);
    expect(evicted).toBeGreaterThan(20);
    expect(engine.exports.validate()).toBe(0);
  });
});

describe("memory after a flush", () => {
  it("is there for the next request, ticks or not", () => {
    const engine = new TestEngine({ heapMb: 24 });
    const session = engine.open();
    const value = "v".repeat(60_000);
    const request = encode(["SET", "key", value]);
    for (let round = 0; round < 1000; round++) {
      // In two pieces, so that the parser needs memory too.
      const replies =
        session.raw(request.subarray(0, 30_000)) + session.raw(request.subarray(30_000));
      expect(replies).toBe("+OK\r\n");
      expect(ask(session, "FLUSHALL")).toBe("+OK\r\n");
    }
    while (ask(session, "APPEND", "big", value).startsWith(":"));
    expect(ask(session, "FLUSHALL")).toBe("+OK\r\n");
    expect(ask(session, "SETRANGE", "big", 12 * MIB, "x")).toBe(`:${12 * MIB + 1}\r\n`);
    expect(engine.exports.validate()).toBe(0);
  });
});

describe("memory filled to its end", () => {
  it.each([10, 100, 3000, 100_000, 1_500_000])(
    "with values of %i bytes stays readable and can be emptied",
    { timeout: 60_000 },
    (bytes) => {
      const engine = new TestEngine({ heapMb: 12 });
      const session = engine.open();
      warmUp(session);
      const before = usedBytes(session);
      const value = "v".repeat(bytes);
      const keys = fill(session, value);
      expect(keys).toBeGreaterThan(3);
      expect(engine.exports.validate()).toBe(0);

      expect(ask(session, "SET", "one more", value)).toBe(OOM);
      expect(ask(session, "APPEND", "key:0", value)).toBe(OOM);
      expect(ask(session, "GET", "key:0")).toBe(`$${bytes}\r\n${value}\r\n`);
      expect(ask(session, "EXISTS", "key:0", "one more")).toBe(":1\r\n");
      expect(ask(session, "PING")).toBe("+PONG\r\n");
      expect(ask(session, "DEL", "key:0")).toBe(":1\r\n");
      expect(ask(session, "PEXPIRE", "key:1", 1)).toMatch(/^(:1|-OOM)/);
      engine.now += 10;
      settle(engine);

      for (let key = 0; key < keys; key++) ask(session, "DEL", `key:${key}`);
      settle(engine);
      expect(ask(session, "DBSIZE")).toBe(":0\r\n");
      expect(usedBytes(session)).toBe(before);
      expect(engine.exports.validate()).toBe(0);
      expect(Math.abs(fill(session, value) - keys)).toBeLessThanOrEqual(1 + keys / 50);
    },
  );
});

describe("connections in memory filled to its end", () => {
  it("are let in, named and served, and leave nothing behind", () => {
    const engine = new TestEngine({ heapMb: 8 });
    const first = engine.open();
    warmUp(first);
    ask(first, "HELLO", "2");
    ask(first, "CLIENT", "SETINFO", "LIB-NAME", "test");
    fill(first, "v".repeat(100));
    const before = usedBytes(first);
    const sessions = Array.from({ length: 30 }, () => engine.open());
    for (const [n, session] of sessions.entries()) {
      expect(ask(session, "HELLO", "2", "SETNAME", `client-${n}`)).toMatch(/^\*14/);
      expect(ask(session, "CLIENT", "SETINFO", "LIB-NAME", "test")).toBe("+OK\r\n");
      expect(ask(session, "GET", "key:100")).toBe(`$100\r\n${"v".repeat(100)}\r\n`);
      expect(ask(session, "SET", "one more", "v")).toBe(OOM);
      // A request that arrives in two pieces has to be kept in between.
      const request = encode(["DEL", `key:${n}`]);
      expect(session.raw(request.subarray(0, 20))).toBe("");
      expect(session.raw(request.subarray(20))).toBe(":1\r\n");
    }
    expect(engine.exports.validate()).toBe(0);
    for (const session of sessions) session.close();
    expect(usedBytes(first)).toBeLessThan(before);
    expect(engine.exports.validate()).toBe(0);
  });

  it("are refused before the rest of it is used up", () => {
    const engine = new TestEngine({ heapMb: 4 });
    const first = engine.open();
    fill(first, "v".repeat(100));
    let opened = 0;
    expect(() => {
      for (; opened < 100_000; opened++) engine.open().raw("*2\r\n$3\r\nDEL\r\n$5\r\nke");
    }).toThrow("refused");
    expect(opened).toBeGreaterThan(100);
    expect(ask(first, "DEL", "key:0", "key:1")).toBe(":2\r\n");
    expect(ask(first, "FLUSHALL")).toBe("+OK\r\n");
    expect(engine.exports.validate()).toBe(0);
  });
});

/** Stores values until memory is out; answers how many. */
function fill(session: TestSession, value: string): number {
  for (let keys = 0; ; keys++) {
    const reply = ask(session, "SET", `key:${keys}`, value);
    if (reply === "+OK\r\n") continue;
    expect(reply).toBe(OOM);
    return keys;
  }
}

describe("the work of one call", () => {
  /** As memory/steps.ts counts: 512 when a table's only segment, 32 KiB, moves a last time. */
  const STEPS_MAXIMUM = 700;
  const KEYS = Math.round(1_000_000 * SCALE);

  it(`is bounded while ${KEYS} keys come and go`, { timeout: 120_000 * (1 + SCALE) }, () => {
    const engine = new TestEngine({ heapMb: Math.ceil(160 * Math.max(1, SCALE)) });
    const session = engine.open();
    const requests = (make: (n: number) => (string | number)[]) => {
      engine.view().setUint32(EXCHANGE + Exchange.STEPS_PEAK, 0, true);
      let most = 0;
      for (let n = 0; n < KEYS; n++) {
        engine.feed(session.id, encode(make(n)));
        if (n % 1000 === 0) engine.replies.clear();
      }
      engine.replies.clear();
      most = engine.view().getUint32(EXCHANGE + Exchange.STEPS_PEAK, true);
      return most;
    };
    const peaks = {
      growing: requests((n) => ["SET", `key:${n}`, "value", "PX", 1_000_000_000]),
      overwriting: requests((n) => ["SET", `key:${n}`, "a longer value than before"]),
      shrinking: requests((n) => ["DEL", `key:${n}`]),
    };
    process.stderr.write(`steps of one call at most: ${JSON.stringify(peaks)}\n`);
    expect(ask(session, "DBSIZE")).toBe(":0\r\n");
    expect(peaks.growing).toBeGreaterThan(0);
    for (const [phase, steps] of Object.entries(peaks)) {
      expect(steps, phase).toBeLessThan(STEPS_MAXIMUM);
    }
    expect(engine.exports.validate()).toBe(0);
  });
});
