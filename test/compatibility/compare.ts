// Runs one script here and in redis-server and finds the first reply that differs.
import { Request, Status } from "../../assembly/abi";
import { encode, type TestEngine, type TestSession } from "../support/engine";
import { type RedisClient, splitReplies } from "../support/redis-server";
import type { Script } from "../support/script";
import { type Difference, differences, replyDifferences } from "./differences";

/** Replies of these may differ by the time between the two servers: [command, tolerance]. */
const TIMED = new Map([
  ["pttl", 1000],
  ["pexpiretime", 1000],
  ["ttl", 1],
  ["expiretime", 1],
  ["object idletime", 2],
]);

/** Encodings of 7.0 and what 7.4 has in their place for small values. */
const NEWER_ENCODINGS = new Map([["$9\r\nquicklist\r\n", "$8\r\nlistpack\r\n"]]);

/** How long redis-server gets to answer what Quire answered already. */
const MISSING_REPLY_MS = 1000;

export interface Mismatch {
  command: string;
  redis: string;
  quire: string;
}

export function wordsOf(command: string | string[]): string[] {
  return typeof command === "string" ? command.split(" ") : command;
}

/** One line of text for messages and for finding rows of `differences`. */
export function lineOf(command: string | string[]): string {
  return typeof command === "string" ? command : command.join(" ");
}

/** Sends one command to both. */
export async function askBoth(
  session: TestSession,
  client: RedisClient,
  request: Uint8Array,
): Promise<{ redis: string; quire: string }> {
  session.engine.now = Date.now();
  let quire = session.raw(request);
  if (session.status === Status.WAITING) quire += completeConfigure(session);
  client.send(request);
  const expected = splitReplies(quire).length;
  const redis = (await client.replies(expected, MISSING_REPLY_MS)).join("");
  return { redis: redis + (await client.take(0)), quire };
}

/** CONFIG SET of what the host applies: it does. */
function completeConfigure({ engine, id }: TestSession): string {
  const { kind, id: request } = engine.request();
  if (kind !== Request.CONFIGURE) return "";
  engine.complete(request);
  return engine.takeReplies(id).toString("latin1");
}

/** Runs a script; undefined when every reply is the same or a known difference. */
export async function runScript(
  script: Script,
  engine: TestEngine,
  client: RedisClient,
  protocol: 2 | 3,
): Promise<Mismatch | undefined> {
  const session = engine.open();
  if (protocol === 3) {
    session.raw(encode(["HELLO", "3"]));
    await client.ask("HELLO", "3");
  }
  for (const command of script.commands) {
    const words = wordsOf(command);
    const { redis, quire } = await askBoth(session, client, encode(words));
    if (isSame(words, redis, quire, script.unordered === true)) continue;
    if (isListed(lineOf(command), redis, quire)) continue;
    return { command: lineOf(command), redis, quire };
  }
  const extra = await client.ask("ECHO", "end of script");
  if (extra === "" || extra === "$13\r\nend of script\r\n") return undefined;
  return { command: "(after the last command)", redis: extra, quire: "" };
}

/** Whether two replies count as the same. */
export function isSame(words: string[], redis: string, quire: string, unordered: boolean): boolean {
  if (redis === quire) return true;
  const [name = "", subcommand = ""] = words.map((word) => word.toLowerCase());
  const tolerance = TIMED.get(name) ?? TIMED.get(`${name} ${subcommand}`);
  if (tolerance !== undefined && isNear(redis, quire, tolerance)) return true;
  if (isRefusedNow(name, redis, quire)) return true;
  if (name === "object" && subcommand === "encoding" && NEWER_ENCODINGS.get(redis) === quire) {
    return true;
  }
  return unordered && sortedItems(redis) === sortedItems(quire);
}

/** Redis 7.0 looks for the key of BITCOUNT and BITPOS before it looks at the range. */
function isRefusedNow(name: string, redis: string, quire: string): boolean {
  if (name !== "bitcount" && name !== "bitpos") return false;
  return /^(:(0|-1)|-WRONGTYPE .*)\r\n$/.test(redis) && quire.startsWith("-ERR");
}

function isNear(redis: string, quire: string, tolerance: number): boolean {
  const numbers = [redis, quire].map((reply) =>
    Number(/^:(\d+)\r\n$/.exec(reply)?.[1] ?? Number.NaN),
  );
  return Math.abs(numbers[0]! - numbers[1]!) <= tolerance;
}

/** The items of an aggregate in sorted order, nested ones likewise; other replies as they are. */
function sortedItems(reply: string): string {
  const head = /^([*~%>])(\d+)\r\n/.exec(reply);
  if (!head) return reply;
  const items = splitReplies(reply.slice(head[0].length)).map(sortedItems);
  const whole = head[1] === "%" ? pairs(items) : items;
  return head[0] + whole.sort().join("");
}

function pairs(items: string[]): string[] {
  return items.flatMap((item, index) => (index % 2 === 0 ? [item + (items[index + 1] ?? "")] : []));
}

/** Whether a row of `differences` or `replyDifferences` says so. */
export function isListed(line: string, redis: string, quire: string): boolean {
  const isKnown = replyDifferences.some(
    (row) => row.command.test(line) && row.isSame(redis, quire),
  );
  if (isKnown) return true;
  return differences.some(
    (row) =>
      row.command.toLowerCase() === line.toLowerCase() &&
      matches(row.reply70, redis) &&
      matches(row.ours, quire),
  );
}

/** A reply given in a row: raw RESP without the last line end; "..." at its end = any rest. */
export function matches(given: string, reply: string): boolean {
  const wanted = given.replace(/\r\n$/, "");
  if (wanted.endsWith("...")) return reply.startsWith(wanted.slice(0, -3));
  return reply.replace(/\r\n$/, "") === wanted;
}

/** What both servers answer to a row's command after its preparation. */
export async function askRow(row: Difference, engine: TestEngine, client: RedisClient) {
  const session = engine.open();
  const protocol = String(row.protocol ?? 2);
  for (const line of [`HELLO ${protocol}`, ...(row.before ?? [])]) {
    await askBoth(session, client, encode(line.split(" ")));
  }
  const replies = await askBoth(session, client, encode(row.command.split(" ")));
  for (const line of row.after ?? []) await askBoth(session, client, encode(line.split(" ")));
  return replies;
}

/** A reply for a message: escaped, and cut where it is long. */
export function show(reply: string, characters = 600): string {
  const text = JSON.stringify(reply);
  if (text.length <= characters) return text;
  return `${text.slice(0, characters)}... (${reply.length} bytes)`;
}
