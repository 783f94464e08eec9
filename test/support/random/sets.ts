// Sets and sorted sets for random commands.
import { ENDS, type RandomCommands, SCORES, type Words } from "../random-commands";

export function setGrammar(r: RandomCommands): Record<string, () => Words> {
  const limit = () => ["LIMIT", r.integer(5)];
  return {
    sadd: () => ["SADD", r.key(), ...r.members()],
    srem: () => ["SREM", r.key(), ...r.members()],
    scard: () => ["SCARD", r.key()],
    sismember: () => ["SISMEMBER", r.key(), r.member()],
    smismember: () => ["SMISMEMBER", r.key(), ...r.members()],
    smembers: () => ["SMEMBERS", r.key()],
    smove: () => ["SMOVE", r.key(), r.key(), r.member()],
    sinter: () => ["SINTER", ...r.several()],
    sunion: () => ["SUNION", ...r.several()],
    sdiff: () => ["SDIFF", ...r.several()],
    sinterstore: () => ["SINTERSTORE", r.key(), ...r.several()],
    sunionstore: () => ["SUNIONSTORE", r.key(), ...r.several()],
    sdiffstore: () => ["SDIFFSTORE", r.key(), ...r.several()],
    sintercard: () => r.counted("SINTERCARD", limit),
  };
}

export function sortedSetGrammar(r: RandomCommands): Record<string, () => Words> {
  const score = () => r.of(SCORES);
  const pairs = () => Array.from({ length: 1 + r.random(4) }, () => [score(), r.member()]);
  const end = () => `${r.of(["", "", "("])}${score()}`;
  const word = () => r.of(["-", "+", `[${r.member()}`, `(${r.member()}`, "x"]);
  const limit = () => ["LIMIT", r.of(ENDS), r.of(ENDS)];
  const options = (...names: string[]) => r.chosen(...names.map((name) => () => [name]));
  const pop = (name: string) => [name, r.key(), ...r.of([[], [r.integer(6)]])];
  const combine = (name: string) =>
    r.counted(name, () => ["AGGREGATE", r.of(["SUM", "MIN", "MAX", "x"])]);
  const store = (name: string) => {
    const [first = name, ...rest] = combine(name);
    return [first, r.key(), ...rest];
  };
  const byScore = (name: string) => [
    ...[name, r.key(), end(), end()],
    ...r.chosen(() => ["WITHSCORES"], limit),
  ];
  const byText = (name: string) => [name, r.key(), word(), word(), ...r.chosen(limit)];
  return {
    zadd: () => [...["ZADD", r.key(), ...options("NX", "XX", "GT", "LT", "CH")], ...pairs().flat()],
    zincrby: () => ["ZINCRBY", r.key(), score(), r.member()],
    zscore: () => ["ZSCORE", r.key(), r.member()],
    zmscore: () => ["ZMSCORE", r.key(), ...r.members()],
    zcard: () => ["ZCARD", r.key()],
    zrem: () => ["ZREM", r.key(), ...r.members()],
    zrank: () => ["ZRANK", r.key(), r.member()],
    zrevrank: () => ["ZREVRANK", r.key(), r.member()],
    zcount: () => ["ZCOUNT", r.key(), end(), end()],
    zrange: () => [
      ...["ZRANGE", r.key(), r.of(ENDS), r.of(ENDS)],
      ...options("REV", "WITHSCORES", "BYSCORE"),
    ],
    zrevrange: () => ["ZREVRANGE", r.key(), r.of(ENDS), r.of(ENDS)],
    zrangebyscore: () => byScore("ZRANGEBYSCORE"),
    zrevrangebyscore: () => byScore("ZREVRANGEBYSCORE"),
    zremrangebyrank: () => ["ZREMRANGEBYRANK", r.key(), r.of(ENDS), r.of(ENDS)],
    zremrangebyscore: () => ["ZREMRANGEBYSCORE", r.key(), end(), end()],
    zpopmin: () => pop("ZPOPMIN"),
    zpopmax: () => pop("ZPOPMAX"),
    zmpop: () => {
      const keys = r.several();
      return ["ZMPOP", String(keys.length), ...keys, r.of(["MIN", "MAX", "x"])];
    },
    zrangestore: () => [
      ...["ZRANGESTORE", r.key(), r.key(), r.of(ENDS), r.of(ENDS)],
      ...options("REV"),
    ],
    zlexcount: () => ["ZLEXCOUNT", r.of(["lex:1", "lex:2"]), word(), word()],
    zrangebylex: () => byText("ZRANGEBYLEX").with(1, "lex:1"),
    zunion: () => [...combine("ZUNION"), ...options("WITHSCORES")],
    zinter: () => [...combine("ZINTER"), ...options("WITHSCORES")],
    zdiff: () => r.counted("ZDIFF", () => ["WITHSCORES"]),
    zunionstore: () => store("ZUNIONSTORE"),
    zinterstore: () => store("ZINTERSTORE"),
    zintercard: () => r.counted("ZINTERCARD", () => ["LIMIT", r.integer(5)]),
  };
}

export function setWalks(r: RandomCommands): Record<string, () => Words> {
  const word = (text: string) => () => [text];
  const limit = () => ["LIMIT", r.integer(5)];
  return {
    spop: () => ["SPOP", r.key(), ...r.of([[], [r.integer(6)]])],
    srandmember: () => ["SRANDMEMBER", r.key(), ...r.of([[], [r.of(ENDS)]])],
    sscan: () => [
      ...["SSCAN", r.key(), r.integer(8)],
      ...r.chosen(
        () => ["COUNT", r.integer(9)],
        () => ["MATCH", r.of(["*", "1*", "*[1-3]", "x"])],
        word("NOVALUES"),
      ),
    ],
    sunioncard: () => r.counted("SUNIONCARD", limit, word("APPROX")),
    sdiffcard: () => r.counted("SDIFFCARD", limit),
  };
}
