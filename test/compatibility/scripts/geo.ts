// Geo commands: scores, distances and coordinates to the last digit, and the order of answers.
import type { Script } from "../../support/script";

/** Numbers below 1 from a fixed seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** GEOADD of `count` points within a span of degrees, a hundred at a time. */
function points(key: string, count: number, seed: number, spans: [number, number, number, number]) {
  const next = numbers(seed);
  const [west, east, south, north] = spans;
  const commands: string[][] = [];
  for (let from = 0; from < count; from += 100) {
    const words = Array.from({ length: Math.min(100, count - from) }, (_, index) => [
      (west + next() * (east - west)).toFixed(6),
      (south + next() * (north - south)).toFixed(6),
      index % 3 === 0 ? String(from + index) : `place:${from + index}`,
    ]);
    commands.push(["GEOADD", key, ...words.flat()]);
  }
  return commands;
}

const UNITS = ["m", "km", "ft", "mi"];
const METRES: Record<string, number> = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 };

/** Searches around random centres, each as wide as `widths` says in metres. */
function searches(
  key: string,
  count: number,
  seed: number,
  spans: [number, number, number, number],
  widths: number[],
) {
  const next = numbers(seed);
  const pick = <T>(list: T[]) => list[Math.floor(next() * list.length)] as T;
  const [west, east, south, north] = spans;
  return Array.from({ length: count }, () => {
    const unit = pick(UNITS);
    const size = () => String((pick(widths) * (0.5 + next())) / METRES[unit]!);
    const shape = next() < 0.6 ? ["BYRADIUS", size(), unit] : ["BYBOX", size(), size(), unit];
    const words = ["GEOSEARCH", key, "FROMLONLAT"];
    words.push(String(west + next() * (east - west)), String(south + next() * (north - south)));
    words.push(...shape);
    if (next() < 0.5) words.push(pick(["ASC", "DESC"]));
    if (next() < 0.2) words.push("COUNT", String(1 + Math.floor(next() * 9)), "ANY");
    if (next() < 0.5) words.push("WITHDIST");
    if (next() < 0.5) words.push("WITHCOORD");
    if (next() < 0.5) words.push("WITHHASH");
    return words;
  });
}

const EARTH: [number, number, number, number] = [-180, 180, -85, 85];
const CITY: [number, number, number, number] = [2.2, 2.5, 48.7, 49];
const WIDE = [1000, 30_000, 100_000, 400_000, 1_000_000, 3_000_000, 6_000_000, 9_000_000, 2e7];
const NARROW = [0, 1, 50, 300, 1000, 4000, 15_000, 60_000];
const sicily = "GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania";

/** Every command once over the keys and members that there are. */
const reads = [
  "GEOPOS sicily Palermo nowhere Catania",
  "GEOPOS sicily",
  "GEOPOS missing a b",
  "GEOPOS text a",
  "GEOHASH sicily Palermo nowhere Catania",
  "GEOHASH sicily",
  "GEOHASH missing a",
  "GEOHASH text a",
  "GEODIST sicily Palermo Catania",
  "GEODIST sicily Palermo Catania m",
  "GEODIST sicily Palermo Catania KM",
  "GEODIST sicily Palermo Catania ft",
  "GEODIST sicily Palermo Catania mi",
  "GEODIST sicily Palermo Palermo",
  "GEODIST sicily Palermo nowhere",
  "GEODIST missing Palermo Catania",
  "GEODIST missing Palermo Catania parsec",
  "GEODIST sicily Palermo Catania m m",
  "GEODIST text a b",
  "ZRANGE sicily 0 -1 WITHSCORES",
];

const errors = [
  "GEOADD sicily 181 1 a",
  "GEOADD sicily -180.001 1 a",
  "GEOADD sicily 1 85.06 a",
  "GEOADD sicily 1 -85.06 a",
  "GEOADD sicily inf 1 a",
  "GEOADD sicily 1 -inf a",
  "GEOADD sicily nan 1 a",
  "GEOADD sicily 1 x a",
  "GEOADD sicily x 1 a",
  "GEOADD sicily 1e300 1 a",
  "GEOADD sicily 1 1 a 200 1 b",
  "GEOADD sicily 1 1 a 2 2",
  "GEOADD sicily NX XX 1 1 a",
  "GEOADD sicily NX CH",
  "GEOADD sicily NX CH CH",
  "GEOADD text 1 1 a",
  "GEOADD text 1 x a",
  "GEORADIUS sicily 15 37 200 km WITHDIST STORE to",
  "GEORADIUS sicily 15 37 200 km STORE",
  "GEORADIUS sicily 15 37 -1 km",
  "GEORADIUS sicily 15 37 x km",
  "GEORADIUS sicily 15 37 1 x",
  "GEORADIUS sicily 190 37 1 km",
  "GEORADIUS sicily 15 37 1 km COUNT 0",
  "GEORADIUS sicily 15 37 1 km COUNT -1",
  "GEORADIUS sicily 15 37 1 km COUNT x",
  "GEORADIUS sicily 15 37 1 km COUNT",
  "GEORADIUS sicily 15 37 1 km ANY",
  "GEORADIUS sicily 15 37 1 km nonsense",
  "GEORADIUS text 15 37 1 km",
  "GEORADIUS text 15 37 x km",
  "GEORADIUS missing 15 37 x km",
  "GEORADIUS missing 15 37 1 km nonsense",
  "GEORADIUS_RO sicily 15 37 200 km STORE to",
  "GEORADIUSBYMEMBER sicily nowhere 1 km",
  "GEORADIUSBYMEMBER sicily Palermo x km",
  "GEORADIUSBYMEMBER missing nowhere x km",
  "GEORADIUSBYMEMBER missing nowhere 1 km nonsense",
  "GEORADIUSBYMEMBER_RO sicily Palermo 200 km STOREDIST to",
  "GEOSEARCH sicily FROMMEMBER Palermo FROMLONLAT 1 1 BYRADIUS 1 km",
  "GEOSEARCH sicily FROMLONLAT 1 1 FROMMEMBER Palermo BYRADIUS 1 km",
  "GEOSEARCH sicily FROMMEMBER Palermo FROMMEMBER Catania BYRADIUS 1 km",
  "GEOSEARCH sicily FROMMEMBER nowhere BYRADIUS 1 km",
  "GEOSEARCH sicily FROMMEMBER Palermo ASC DESC ASC",
  "GEOSEARCH sicily BYRADIUS 1 km ASC DESC ASC",
  "GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 km BYBOX 1 1 km",
  "GEOSEARCH sicily FROMMEMBER Palermo BYBOX 1 1 km BYRADIUS 1 km",
  "GEOSEARCH sicily FROMMEMBER Palermo BYBOX 1 x km",
  "GEOSEARCH sicily FROMMEMBER Palermo BYBOX x 1 km",
  "GEOSEARCH sicily FROMMEMBER Palermo BYBOX -1 1 km",
  "GEOSEARCH sicily FROMMEMBER Palermo BYBOX 1 -1 km",
  "GEOSEARCH sicily FROMMEMBER Palermo BYBOX 1 1 x",
  "GEOSEARCH sicily FROMMEMBER Palermo BYBOX 1 1",
  "GEOSEARCH sicily FROMLONLAT 200 1 BYRADIUS 1 km",
  "GEOSEARCH sicily FROMLONLAT x 1 BYRADIUS 1 km",
  "GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 km STOREDIST",
  "GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 km STORE to",
  "GEOSEARCH sicily FROMMEMBER Palermo BYRADIUS 1 km ANY",
  "GEOSEARCH missing FROMMEMBER Palermo BYRADIUS 1 km",
  "GEOSEARCH missing FROMMEMBER Palermo BYRADIUS 1 km ANY",
  "GEOSEARCH missing FROMMEMBER Palermo ASC ASC ASC",
  "GEOSEARCH text FROMMEMBER Palermo BYRADIUS 1 km",
  "GEOSEARCHSTORE to sicily FROMMEMBER Palermo BYRADIUS 1 km WITHDIST",
  "GEOSEARCHSTORE to sicily FROMMEMBER Palermo BYRADIUS 1 km WITHHASH",
  "GEOSEARCHSTORE to sicily FROMMEMBER Palermo ASC DESC ASC",
  "GEOSEARCHSTORE to sicily BYRADIUS 1 km ASC DESC",
  "GEOSEARCHSTORE to text FROMMEMBER Palermo BYRADIUS 1 km",
];

const stores = [
  "GEOSEARCHSTORE to sicily FROMLONLAT 15 37 BYRADIUS 200 km",
  "ZRANGE to 0 -1 WITHSCORES",
  "OBJECT ENCODING to",
  "GEOSEARCHSTORE text sicily FROMLONLAT 15 37 BYBOX 400 400 km COUNT 1",
  "ZRANGE text 0 -1 WITHSCORES",
  "GEOSEARCHSTORE to sicily FROMMEMBER Palermo BYRADIUS 1 m STOREDIST",
  "ZRANGE to 0 -1 WITHSCORES",
  "GEOSEARCHSTORE to sicily FROMLONLAT 1 1 BYRADIUS 1 m",
  "EXISTS to",
  "SET to x",
  "GEOSEARCHSTORE to missing FROMLONLAT 1 1 BYRADIUS 1 m",
  "EXISTS to",
  "GEORADIUS sicily 15 37 200 km STORE to",
  "ZRANGE to 0 -1 WITHSCORES",
  "GEORADIUS missing 15 37 200 km STORE to",
  "EXISTS to",
  "GEORADIUSBYMEMBER sicily Palermo 1 mi STOREDIST to COUNT 1 ASC",
  "ZRANGE to 0 -1 WITHSCORES",
  "GEORADIUSBYMEMBER missing x y z STORE to",
  "EXISTS to",
  "GEOSEARCHSTORE sicily sicily FROMMEMBER Catania BYRADIUS 1 km",
  "ZRANGE sicily 0 -1 WITHSCORES",
  "COMMAND GETKEYS GEORADIUS sicily 1 1 1 m STORE to",
  "COMMAND GETKEYS GEORADIUSBYMEMBER sicily a 1 m STOREDIST to",
  "COMMAND GETKEYS GEOSEARCHSTORE to sicily FROMLONLAT 1 1 BYRADIUS 1 m",
];

export const scripts: Script[] = [
  { name: "geo: single points", commands: ["SET text x", sicily, ...reads] },
  { name: "geo: errors", commands: ["SET text x", sicily, ...errors, ...reads] },
  { name: "geo: storing", commands: ["SET text x", sicily, ...stores] },
  {
    name: "geo: conditions",
    commands: [
      sicily,
      "GEOADD sicily NX 1 1 Palermo 2 2 new",
      "GEOADD sicily XX 1 1 Palermo 3 3 newer",
      "GEOADD sicily CH 1 1 Palermo 2 2.5 new",
      "GEOADD sicily xx ch 1.5 1 Palermo 3 3 newer",
      "GEOADD other XX 1 1 a",
      "EXISTS other",
      "GEOADD sicily 180 85.05112878 corner -180 -85.05112878 other 0 0 middle 179.999999 0 edge",
      "GEOADD sicily -180 85.05112878 corner2 180 -85.05112878 other2 -0 -0 zero 180 0 date",
      "ZRANGE sicily 0 -1 WITHSCORES",
      "GEOPOS sicily corner other middle edge corner2 other2 zero date new",
      "GEOHASH sicily corner other middle edge corner2 other2 zero date new",
      "GEODIST sicily corner other",
      "GEODIST sicily corner corner2",
      "GEODIST sicily edge date",
      "GEODIST sicily middle date km",
      "GEOSEARCH sicily FROMMEMBER date BYRADIUS 10 km WITHCOORD WITHDIST WITHHASH",
      "GEOSEARCH sicily FROMMEMBER corner BYRADIUS 1000 km WITHCOORD WITHDIST WITHHASH",
      "GEOSEARCH sicily FROMMEMBER corner BYRADIUS 1e9 km WITHCOORD WITHDIST WITHHASH",
      "GEOSEARCH sicily FROMMEMBER corner BYRADIUS 1e300 km WITHCOORD",
      "GEOSEARCH sicily FROMMEMBER middle BYBOX 1e300 1e9 km WITHCOORD",
      "GEOSEARCH sicily FROMMEMBER middle BYBOX 0 0 km WITHCOORD",
    ],
  },
  {
    name: "geo: scores that are of no point",
    commands: [
      "ZADD odd -1 a 1e300 b -1e300 c 4503599627370496 d 18446744073709551616 e 0.5 f",
      "ZADD odd 9223372036854775808 g 1.2e19 h -9223372036854775808 i inf j -inf k -0.5 l",
      "GEOPOS odd a b c d e f g h i j k l",
      "GEOHASH odd a b c d e f g h i j k l",
      "GEODIST odd a b",
      "GEODIST odd c l",
      "GEODIST odd f l",
      "GEOSEARCH odd FROMMEMBER f BYRADIUS 40000 km ASC WITHHASH",
    ],
  },
  {
    name: "geo: distances",
    commands: [
      ...points("earth", 300, 1, EARTH),
      ...Array.from({ length: 299 }, (_, index) => [
        ...["GEODIST", "earth", index % 3 === 0 ? String(index) : `place:${index}`],
        ...[(index + 1) % 3 === 0 ? String(index + 1) : `place:${index + 1}`],
        UNITS[index % 4]!,
      ]),
    ],
  },
  {
    name: "geo: the whole earth",
    commands: [...points("earth", 3000, 2, EARTH), ...searches("earth", 600, 3, EARTH, WIDE)],
  },
  {
    name: "geo: a city",
    commands: [...points("city", 2000, 4, CITY), ...searches("city", 600, 5, CITY, NARROW)],
  },
  {
    name: "geo: a packed set",
    commands: [...points("few", 100, 6, CITY), ...searches("few", 200, 7, CITY, NARROW)],
  },
  {
    name: "geo: near the poles",
    commands: [
      ...points("north", 500, 8, [-180, 180, 65, 85.05]),
      ...searches("north", 200, 9, [-180, 180, 65, 85.05], WIDE),
      ...points("south", 500, 10, [-180, 180, -85.05, -65]),
      ...searches("south", 200, 11, [-180, 180, -85.05, -65], WIDE),
    ],
  },
];
