import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestEngine, type TestSession } from "../support/engine";
import { bulk, effectLines, integer, SYNTAX, WRONG_TYPE } from "../support/replies";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
  session.call("SET text x");
  session.call("GEOADD sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania");
  engine.exports.setEffects(1);
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const list = (...items: string[]) => `*${items.length}\r\n${items.join("")}`;
const names = (...items: string[]) => list(...items.map(bulk));

const effects = () => effectLines(engine);

const PALERMO = ["13.36138933897018433", "38.11555639549629859"] as const;

describe("GEOADD", () => {
  it("adds points whose scores are Redis's cells", () => {
    expect(session.call("ZSCORE sicily Palermo")).toBe(bulk("3479099956230698"));
    expect(session.call("ZSCORE sicily Catania")).toBe(bulk("3479447370796909"));
    expect(session.call("OBJECT ENCODING sicily")).toBe(bulk("listpack"));
  });

  it("counts what is new, or with CH what changed", () => {
    expect(session.call("GEOADD sicily 1 1 Palermo 2 2 new")).toBe(integer(1));
    expect(session.call("GEOADD sicily CH 3 3 Palermo 2 2 new")).toBe(integer(1));
    expect(effects()).toEqual([
      "GEOADD sicily 1 1 Palermo 2 2 new",
      "GEOADD sicily CH 3 3 Palermo 2 2 new",
    ]);
    expect(session.call("GEOADD sicily CH 3 3 Palermo")).toBe(integer(0));
    expect(effects()).toEqual([]);
  });

  it("keeps to NX and XX", () => {
    expect(session.call("GEOADD sicily NX CH 1 1 Palermo 2 2 new")).toBe(integer(1));
    expect(session.call("GEOADD sicily XX CH 1 1 Palermo 2 2 other")).toBe(integer(1));
    expect(session.call("ZCARD sicily")).toBe(integer(3));
    expect(session.call("GEOADD missing XX 1 1 a")).toBe(integer(0));
    expect(session.call("EXISTS missing")).toBe(integer(0));
  });

  it("refuses, and changes nothing", () => {
    const pair = "-ERR invalid longitude,latitude pair";
    expect(session.call("GEOADD sicily 1 1 a 181 1 b")).toBe(`${pair} 181.000000,1.000000\r\n`);
    expect(session.call("GEOADD sicily 1 -86 a")).toBe(`${pair} 1.000000,-86.000000\r\n`);
    expect(session.call("GEOADD sicily inf 1 a")).toBe(`${pair} inf,1.000000\r\n`);
    expect(session.call("GEOADD sicily x 1 a")).toBe("-ERR value is not a valid float\r\n");
    expect(session.call("GEOADD sicily nan 1 a")).toBe("-ERR value is not a valid float\r\n");
    expect(session.call("GEOADD sicily 1 1 a 2 2")).toBe(SYNTAX);
    expect(session.call("GEOADD sicily NX XX 1 1 a")).toBe(SYNTAX);
    expect(session.call("GEOADD sicily CH CH CH")).toBe(SYNTAX);
    expect(session.call("GEOADD text 1 1 a")).toBe(WRONG_TYPE);
    expect(session.call("ZCARD sicily")).toBe(integer(2));
    expect(effects()).toEqual([]);
  });

  it("changes the encoding over", () => {
    for (let at = 0; at < 200; at++) session.call(`GEOADD many ${at / 10} ${at / 10} ${at}`);
    expect(session.call("OBJECT ENCODING many")).toBe(bulk("skiplist"));
    expect(session.call("GEOSEARCH many FROMMEMBER 50 BYRADIUS 1 m")).toBe(names("50"));
  });
});

describe("GEODIST", () => {
  it("answers in each unit", () => {
    const distance = (unit: string) => session.call(`GEODIST sicily Palermo Catania ${unit}`);
    expect(session.call("GEODIST sicily Palermo Catania")).toBe(bulk("166274.1516"));
    expect(distance("m")).toBe(bulk("166274.1516"));
    expect(distance("KM")).toBe(bulk("166.2742"));
    expect(distance("mi")).toBe(bulk("103.3182"));
    expect(distance("ft")).toBe(bulk("545518.8700"));
    expect(session.call("GEODIST sicily Palermo Palermo")).toBe(bulk("0.0000"));
    session.call("HELLO 3");
    expect(distance("m")).toBe(bulk("166274.1516"));
  });

  it("answers null for what is missing, and refuses", () => {
    expect(session.call("GEODIST sicily Palermo nowhere")).toBe("$-1\r\n");
    expect(session.call("GEODIST missing a b")).toBe("$-1\r\n");
    expect(session.call("GEODIST text a b")).toBe(WRONG_TYPE);
    expect(session.call("GEODIST sicily a b m m")).toBe(SYNTAX);
    expect(session.call("GEODIST missing a b x")).toBe(
      "-ERR unsupported unit provided. please use M, KM, FT, MI\r\n",
    );
  });
});

describe("GEOHASH", () => {
  it("answers standard geohashes", () => {
    const expected = list(bulk("sqc8b49rny0"), "$-1\r\n", bulk("sqdtr74hyu0"));
    expect(session.call("GEOHASH sicily Palermo nowhere Catania")).toBe(expected);
    expect(session.call("GEOHASH sicily")).toBe("*0\r\n");
    expect(session.call("GEOHASH missing a")).toBe("*1\r\n$-1\r\n");
    expect(session.call("GEOHASH text a")).toBe(WRONG_TYPE);
  });
});

describe("GEOPOS", () => {
  it("answers coordinates", () => {
    const point = names(...PALERMO);
    expect(session.call("GEOPOS sicily Palermo nowhere")).toBe(`*2\r\n${point}*-1\r\n`);
    expect(session.call("GEOPOS missing a")).toBe("*1\r\n*-1\r\n");
    expect(session.call("GEOPOS text a")).toBe(WRONG_TYPE);
    session.call("HELLO 3");
    const three = `*2\r\n,${PALERMO[0]}\r\n,${PALERMO[1]}\r\n`;
    expect(session.call("GEOPOS sicily Palermo nowhere")).toBe(`*2\r\n${three}_\r\n`);
  });

  it("tells whole degrees without a point", () => {
    session.call("ZADD odd 0 a");
    expect(session.call("GEOPOS odd a")).toContain("-179.99999731779098511");
  });
});

/** What each of the searching commands refuses; `head` is the command up to its options. */
function expectRefusals(head: string): void {
  expect(session.call(`${head} COUNT 0`)).toBe("-ERR COUNT must be > 0\r\n");
  expect(session.call(`${head} COUNT x`)).toBe("-ERR value is not an integer or out of range\r\n");
  expect(session.call(`${head} COUNT`)).toBe(SYNTAX);
  expect(session.call(`${head} ANY`)).toBe("-ERR the ANY argument requires COUNT argument\r\n");
  expect(session.call(`${head} nonsense`)).toBe(SYNTAX);
}

describe("GEORADIUS", () => {
  const head = "GEORADIUS sicily 15 37 200 km";

  it("finds what is within", () => {
    expect(session.call(head)).toBe(names("Palermo", "Catania"));
    expect(session.call(`${head} ASC`)).toBe(names("Catania", "Palermo"));
    expect(session.call(`${head} COUNT 1`)).toBe(names("Catania"));
    expect(session.call(`${head} COUNT 1 ANY`)).toBe(names("Palermo"));
    expect(session.call("GEORADIUS sicily 15 37 100 km")).toBe(names("Catania"));
    expect(session.call("GEORADIUS missing 15 37 100 km")).toBe("*0\r\n");
    expect(effects()).toEqual([]);
  });

  it("stores members with their scores or distances", () => {
    expect(session.call(`${head} STORE to`)).toBe(integer(2));
    expect(session.call("ZSCORE to Palermo")).toBe(bulk("3479099956230698"));
    expect(session.call(`${head} STOREDIST text COUNT 1`)).toBe(integer(1));
    expect(session.call("ZRANGE text 0 -1 WITHSCORES")).toBe(names("Catania", "56.4412578701582"));
    expect(session.call("GEORADIUS missing 15 37 1 km STORE text")).toBe(integer(0));
    expect(session.call("EXISTS text")).toBe(integer(0));
    expect(effects()).toEqual([
      `${head} STORE to`,
      `${head} STOREDIST text COUNT 1`,
      "GEORADIUS missing 15 37 1 km STORE text",
    ]);
    expect(session.call("GEORADIUS missing 15 37 1 km STORE text")).toBe(integer(0));
    expect(effects()).toEqual([]);
  });

  it("refuses", () => {
    expectRefusals(head);
    expect(session.call("GEORADIUS text 1 x 1 km")).toBe(WRONG_TYPE);
    expect(session.call("GEORADIUS sicily 1 1 x km")).toBe("-ERR need numeric radius\r\n");
    expect(session.call("GEORADIUS sicily 1 1 -1 km")).toBe("-ERR radius cannot be negative\r\n");
    expect(session.call(`${head} WITHDIST STORE to`)).toBe(
      "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD " +
        "options\r\n",
    );
    expect(session.call(`${head} STORE`)).toBe(SYNTAX);
  });
});

describe("GEORADIUS_RO", () => {
  it("finds and does not store", () => {
    const head = "GEORADIUS_RO sicily 15 37 200 km";
    expect(session.call(head)).toBe(names("Palermo", "Catania"));
    expect(session.call(`${head} STORE to`)).toBe(SYNTAX);
    expectRefusals(head);
  });
});

describe("GEORADIUSBYMEMBER", () => {
  const head = "GEORADIUSBYMEMBER sicily Palermo 200 km";

  it("finds around a member", () => {
    expect(session.call(`${head} ASC WITHDIST`)).toBe(
      list(names("Palermo", "0.0000"), names("Catania", "166.2742")),
    );
    expect(session.call(`${head} STORE to`)).toBe(integer(2));
    expect(session.call("GEORADIUSBYMEMBER missing a x x STORE to")).toBe(integer(0));
    expect(session.call("EXISTS to")).toBe(integer(0));
    expect(session.call("GEORADIUSBYMEMBER sicily nowhere 1 km")).toBe(
      "-ERR could not decode requested zset member\r\n",
    );
    expect(session.call("GEORADIUSBYMEMBER text a 1 km")).toBe(WRONG_TYPE);
    expectRefusals(head);
  });
});

describe("GEORADIUSBYMEMBER_RO", () => {
  it("finds and does not store", () => {
    const head = "GEORADIUSBYMEMBER_RO sicily Palermo 200 km";
    expect(session.call(`${head} DESC`)).toBe(names("Catania", "Palermo"));
    expect(session.call(`${head} STOREDIST to`)).toBe(SYNTAX);
    expectRefusals(head);
  });
});

describe("GEOSEARCH", () => {
  const head = "GEOSEARCH sicily FROMLONLAT 15 37 BYRADIUS 200 km";

  it("finds within a circle and a box", () => {
    expect(session.call(`${head} ASC`)).toBe(names("Catania", "Palermo"));
    const box = (size: string) => session.call(`GEOSEARCH sicily FROMMEMBER Palermo BYBOX ${size}`);
    expect(box("400 400 km ASC")).toBe(names("Palermo", "Catania"));
    expect(box("400 100 km ASC")).toBe(names("Palermo"));
    expect(box("100 400 km ASC")).toBe(names("Palermo"));
    expect(session.call("GEOSEARCH missing FROMMEMBER a BYRADIUS 1 m")).toBe("*0\r\n");
  });

  it("tells distance, cell and coordinates in this order", () => {
    const words = "ASC COUNT 1 WITHCOORD WITHHASH WITHDIST";
    const catania = ["15.08726745843887329", "37.50266842333162032"] as const;
    const cell = ":3479447370796909\r\n";
    expect(session.call(`${head} ${words}`)).toBe(
      list(list(bulk("Catania"), bulk("56.4413"), cell, names(...catania))),
    );
    session.call("HELLO 3");
    const point = `*2\r\n,${catania[0]}\r\n,${catania[1]}\r\n`;
    expect(session.call(`${head} ${words}`)).toBe(
      list(list(bulk("Catania"), bulk("56.4413"), cell, point)),
    );
  });

  it("stops at enough with ANY, and sorts for COUNT alone", () => {
    session.call("GEOADD sicily 15 37 here");
    expect(session.call(`${head} COUNT 2`)).toBe(names("here", "Catania"));
    expect(session.call(`${head} COUNT 1 ANY`)).toBe(names("here"));
    expect(session.call(`${head} COUNT 2 ANY ASC`)).toBe(names("here", "Palermo"));
  });

  it("finds many in a set of any size", () => {
    const words: string[] = [];
    for (let at = 0; at < 5000; at++) {
      words.push(String((at % 100) / 1000), String(Math.floor(at / 100) / 1000), `place:${at}`);
    }
    session.call("GEOADD", "grid", ...words);
    const found = session.ask("GEOSEARCH grid FROMLONLAT 0.05 0.025 BYBOX 30 30 km") as string[];
    expect(new Set(found).size).toBe(5000);
    const near = session.ask("GEOSEARCH grid FROMMEMBER place:2550 BYRADIUS 250 m ASC");
    expect((near as string[])[0]).toBe("place:2550");
    expect((near as string[]).slice(1).sort()).toEqual(
      ["place:2450", "place:2549", "place:2551", "place:2650"]
        .concat(
          ["place:2449", "place:2451", "place:2649", "place:2651"],
          ["place:2350", "place:2548", "place:2552", "place:2750"],
          ["place:2349", "place:2351", "place:2448", "place:2452"],
          ["place:2648", "place:2652", "place:2749", "place:2751"],
        )
        .sort(),
    );
  });

  it("refuses", () => {
    expectRefusals(head);
    const one = "-ERR exactly one of";
    expect(session.call("GEOSEARCH sicily BYRADIUS 1 km ASC ASC ASC")).toBe(
      `${one} FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH\r\n`,
    );
    expect(session.call("geosearch sicily FROMMEMBER Palermo ASC ASC ASC")).toBe(
      `${one} BYRADIUS and BYBOX can be specified for geosearch\r\n`,
    );
    const box = "GEOSEARCH sicily FROMMEMBER Palermo BYBOX";
    expect(session.call(`${box} x 1 km`)).toBe("-ERR need numeric width\r\n");
    expect(session.call(`${box} 1 x km`)).toBe("-ERR need numeric height\r\n");
    expect(session.call(`${box} 1 -1 km`)).toBe("-ERR height or width cannot be negative\r\n");
    expect(session.call(`${box} 1 1 km BYRADIUS 1 km`)).toBe(SYNTAX);
    expect(session.call(`${head} STOREDIST`)).toBe(SYNTAX);
    expect(session.call("GEOSEARCH text FROMMEMBER a BYRADIUS 1 m")).toBe(WRONG_TYPE);
  });
});

describe("GEOSEARCHSTORE", () => {
  const head = "GEOSEARCHSTORE to sicily FROMLONLAT 15 37 BYRADIUS 200 km";

  it("stores, also in the place of what it read", () => {
    expect(session.call(head)).toBe(integer(2));
    expect(session.call("ZRANGE to 0 -1")).toBe(names("Palermo", "Catania"));
    expect(session.call(`${head} STOREDIST`)).toBe(integer(2));
    expect(session.call("ZRANGE to 0 -1")).toBe(names("Catania", "Palermo"));
    expect(session.call(head.replace("to", "sicily").concat(" COUNT 1"))).toBe(integer(1));
    expect(session.call("ZRANGE sicily 0 -1")).toBe(names("Catania"));
    expect(effects()).toHaveLength(3);
  });

  it("removes the destination when nothing is found", () => {
    expect(session.call("GEOSEARCHSTORE text sicily FROMLONLAT 1 1 BYRADIUS 1 m")).toBe(integer(0));
    expect(session.call("EXISTS text")).toBe(integer(0));
  });

  it("refuses", () => {
    expectRefusals(head);
    expect(session.call(`${head} WITHCOORD`)).toBe(
      "-ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options\r\n",
    );
    expect(session.call("GEOSEARCHSTORE to text FROMLONLAT 1 1 BYRADIUS 1 m")).toBe(WRONG_TYPE);
  });
});
