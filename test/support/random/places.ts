// Geo commands and SORT for random commands.
//
// Distances as scores are left out, because 7.0 prints them with 17 digits, and so is ALPHA without
// STORE, which collates up to the first NUL there. What is stored is never sorted by numbers: 7.0
// takes an errno left behind by an earlier command for one of its own, and refuses.
import type { RandomCommands, Words } from "../random-commands";

type Grammar = Record<string, () => Words>;

export function geoGrammar(r: RandomCommands): Grammar {
  const key = () => `geo:${r.random(2)}`;
  const place = () => `place:${r.random(40)}`;
  const decimal = (limit: number) => (r.random(limit * 20_000) / 10_000 - limit).toFixed(4);
  const point = () => [decimal(r.chance(2) ? 190 : 179), decimal(r.chance(2) ? 90 : 85)];
  const unit = () => (r.chance(2) ? "x" : r.of(["m", "km", "ft", "mi", "KM"]));
  const length = () => (r.chance(3) ? r.of(["-1", "x", "0"]) : String(1 + r.random(9_000_000)));
  const circle = () => [length(), unit()];
  const box = () => [length(), length(), unit()];
  const count = () => ["COUNT", r.integer(9), ...r.of([[], ["ANY"]])];
  const word = (text: string) => () => [text];
  const order = [word("ASC"), word("DESC"), count];
  const shown = [word("WITHCOORD"), word("WITHDIST"), word("WITHHASH")];
  const from = () => (r.chance(50) ? ["FROMMEMBER", place()] : ["FROMLONLAT", ...point()]);
  const shape = () => (r.chance(50) ? ["BYRADIUS", ...circle()] : ["BYBOX", ...box()]);
  const points = () => Array.from({ length: 1 + r.random(6) }, () => [...point(), place()]);
  const store = () => (r.chance(20) ? ["STORE", `found:${r.random(2)}`] : []);
  return {
    geoadd: () => [
      ...["GEOADD", r.chance(5) ? r.key() : key()],
      ...r.chosen(word("NX"), word("XX"), word("CH")),
      ...points().flat(),
    ],
    geodist: () => ["GEODIST", key(), place(), place(), ...r.of([[], [unit()]])],
    geohash: () => ["GEOHASH", key(), place(), place()],
    geopos: () => ["GEOPOS", r.chance(5) ? r.key() : key(), place(), place()],
    georadius: () => [
      ...["GEORADIUS", key(), ...point(), ...circle()],
      ...(r.chance(50) ? r.chosen(...order, ...shown) : store()),
    ],
    georadius_ro: () => [
      ...["GEORADIUS_RO", key(), ...point(), ...circle(), ...r.chosen(...order, ...shown)],
    ],
    georadiusbymember: () => [
      ...["GEORADIUSBYMEMBER", key(), place(), ...circle()],
      ...(r.chance(50) ? r.chosen(...order, ...shown) : store()),
    ],
    georadiusbymember_ro: () => [
      ...["GEORADIUSBYMEMBER_RO", key(), place(), ...circle(), ...r.chosen(...order, ...shown)],
    ],
    geosearch: () => ["GEOSEARCH", key(), ...from(), ...shape(), ...r.chosen(...order, ...shown)],
    geosearchstore: () => [
      ...["GEOSEARCHSTORE", `found:${r.random(2)}`, key(), ...from(), ...shape()],
      ...r.chosen(...order),
    ],
    "zrange found": () => ["ZRANGE", `found:${r.random(2)}`, "0", "-1", "WITHSCORES"],
  };
}

export function sortGrammar(r: RandomCommands): Grammar {
  const number = () => r.of([String(r.random(20)), String(-r.random(9)), "2.5", "1e3", "0x10"]);
  const numbers = () => Array.from({ length: 1 + r.random(9) }, number);
  const weight = () => `weight:${r.random(20)}`;
  const kept = ["sort:list", "sort:scores"];
  const get = () => ["GET", r.of(["#", "weight:*", "key:*", "key:*->field 1", "none", "*"])];
  const limit = () => ["LIMIT", r.of(["0", "1", "-1", "5", "x"]), r.of(["0", "1", "3", "-1"])];
  const more = () => r.chosen(get, get, limit, () => [r.of(["ASC", "DESC"])]);
  const key = () => r.of([...kept, "sort:set", "sort:list", "sort:set", "sort:missing"]);
  const by = () => r.of([[], [], ["BY", "weight:*"], ["BY", "key:*"]]);
  const to = () => ["STORE", r.of(["sorted:1", "sorted:2", "sort:list"])];
  return {
    "sort numbers": () =>
      r.of([
        () => ["RPUSH", "sort:list", ...numbers()],
        () => ["SADD", "sort:set", ...numbers()],
        () => ["ZADD", "sort:scores", "1", number(), "2", number(), "0.5", number()],
        () => ["SET", weight(), number()],
        () => ["DEL", r.of([...kept, "sort:set", weight()])],
      ])(),
    sort: () => ["SORT", key(), ...by(), ...more()],
    sort_ro: () => ["SORT_RO", key(), ...by(), ...more()],
    "sort nosort": () => ["SORT", r.of(kept), "BY", "nosort", ...more()],
    "sort store": () => ["SORT", key(), ...r.of([["ALPHA"], ["BY", "no"]]), ...more(), ...to()],
    "lrange sorted": () => ["LRANGE", `sorted:${1 + r.random(2)}`, "0", "-1"],
  };
}
