// Pipelines over a table large enough for the look ahead, against a plain map.
import { expect, test } from "vitest";
import { encode, TestEngine } from "./support/engine";

const KEYS = 60_000;
const SEED = 20261123;

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * below);
  };
}

function reply(value: string | undefined): string {
  return value === undefined ? "$-1\r\n" : `$${value.length}\r\n${value}\r\n`;
}

test(`replies are those of a map, seed ${SEED}`, () => {
  const engine = new TestEngine();
  const session = engine.open();
  const model = new Map<string, string>();
  const next = random(SEED);
  const requests: Buffer[] = [];
  let expected = "";
  const flush = () => {
    const bytes = Buffer.concat(requests.splice(0));
    // Cut at odd places, so that looks ahead end in the middle of a command.
    const cut = next(bytes.length);
    const got = session.raw(bytes.subarray(0, cut)) + session.raw(bytes.subarray(cut));
    expect(got).toBe(expected);
    expected = "";
  };
  const run = (words: string[], answer: string) => {
    requests.push(encode(words));
    expected += answer;
    if (requests.length > next(200)) flush();
  };
  for (let i = 0; i < KEYS; i++) {
    model.set(`key:${i}`, `v${i}`);
    run(["SET", `key:${i}`, `v${i}`], "+OK\r\n");
  }
  for (let step = 0; step < 60_000; step++) {
    const key = `key:${next(KEYS * 2)}`;
    const value = "x".repeat(next(30));
    const choice = next(5);
    if (choice < 2) run(["GET", key], reply(model.get(key)));
    else if (choice === 2) run(["SET", key, value], model.set(key, value) && "+OK\r\n");
    else if (choice === 3) run(["DEL", key], model.delete(key) ? ":1\r\n" : ":0\r\n");
    else run(["PING"], "+PONG\r\n");
  }
  flush();
  expect(engine.exports.validate()).toBe(0);
});
