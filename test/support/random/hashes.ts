// Hashes for random commands.
import { FLOATS, type RandomCommands, type Words } from "../random-commands";

export function hashGrammar(r: RandomCommands): Record<string, () => Words> {
  return {
    hset: () => ["HSET", r.key(), ...r.fieldPairs()],
    hmset: () => ["HMSET", r.key(), ...r.fieldPairs()],
    hsetnx: () => ["HSETNX", r.key(), r.field(), r.value()],
    hget: () => ["HGET", r.key(), r.field()],
    hmget: () => ["HMGET", r.key(), ...r.fields()],
    hdel: () => ["HDEL", r.key(), ...r.fields()],
    hexists: () => ["HEXISTS", r.key(), r.field()],
    hstrlen: () => ["HSTRLEN", r.key(), r.field()],
    hlen: () => ["HLEN", r.key()],
    hincrby: () => ["HINCRBY", r.key(), r.field(), r.integer(1000)],
    hincrbyfloat: () => ["HINCRBYFLOAT", r.key(), r.field(), r.of(FLOATS)],
  };
}

export function hashWalks(r: RandomCommands): Record<string, () => Words> {
  const word = (text: string) => () => [text];
  return {
    hgetall: () => ["HGETALL", r.key()],
    hkeys: () => ["HKEYS", r.key()],
    hvals: () => ["HVALS", r.key()],
    hrandfield: () => [
      ...["HRANDFIELD", r.key(), String(r.random(20) - 10)],
      ...r.chosen(word("WITHVALUES")),
    ],
    hscan: () => [
      ...["HSCAN", r.key(), r.integer(8)],
      ...r.chosen(
        () => ["COUNT", r.integer(9)],
        () => ["MATCH", r.of(["*", "f*", "*[1-3]", "x"])],
        word("NOVALUES"),
      ),
    ],
  };
}
