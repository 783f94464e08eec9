/** Replies as text: redis-cli's form for people, and the raw form for programs. */
import { Aggregate, type RawReply, ReplyError, Status, Verbatim } from "../shared/protocol/resp.js";
import { quoteBytes } from "../shared/trap.js";

const EMPTY = {
  array: "(empty array)",
  map: "(empty hash)",
  set: "(empty set)",
  push: "(empty push)",
};
const MARKS = { array: ")", map: "#", set: "~", push: ">" };

/** For people; texts that are not ASCII come out escaped. Ends with a line feed. */
export function formatReply(reply: RawReply, prefix = ""): Buffer {
  if (reply instanceof Verbatim) return Buffer.concat([reply.bytes, Buffer.from("\n")]);
  if (Array.isArray(reply)) return formatItems("array", reply, prefix);
  if (reply instanceof Aggregate) return formatItems(reply.kind, reply.items, prefix);
  return Buffer.from(`${formatScalar(reply)}\n`);
}

type Scalar = Exclude<RawReply, RawReply[] | Aggregate | Verbatim>;

function formatScalar(reply: Scalar): string {
  if (reply === null) return "(nil)";
  if (typeof reply === "boolean") return reply ? "(true)" : "(false)";
  if (typeof reply === "number" || typeof reply === "bigint") return `(integer) ${reply}`;
  if (reply instanceof Uint8Array) return quoteBytes(reply, reply.length);
  if (reply instanceof Status) return reply.text;
  if (reply instanceof ReplyError) return `(error) ${reply.message}`;
  return `(double) ${reply.double}`;
}

function formatItems(kind: keyof typeof EMPTY, items: readonly RawReply[], prefix: string): Buffer {
  if (items.length === 0) return Buffer.from(`${EMPTY[kind]}\n`);
  const step = kind === "map" ? 2 : 1;
  const digits = `${Math.floor(items.length / step)}`.length;
  const inner = prefix + " ".repeat(digits + 2);
  const parts: Buffer[] = [];
  for (let i = 0; i < items.length; i += step) {
    const number = `${i / step + 1}`.padStart(digits);
    const head = `${i === 0 ? "" : prefix}${number}${MARKS[kind]} `;
    const item = formatReply(items[i] as RawReply, inner);
    parts.push(Buffer.from(head));
    if (kind === "map") {
      const value = formatReply(items[i + 1] as RawReply, inner);
      const isLong = value.indexOf("\n") < value.length - 1;
      parts.push(item.subarray(0, -1), Buffer.from(isLong ? ` => \n${inner}` : " => "), value);
    } else {
      parts.push(item);
    }
  }
  return Buffer.concat(parts);
}

/** For programs: the bytes themselves, items on lines of their own. Without a last line feed. */
export function formatRaw(reply: RawReply): Buffer {
  if (reply instanceof Verbatim) return Buffer.from(reply.bytes);
  if (reply instanceof Uint8Array) return Buffer.from(reply);
  if (Array.isArray(reply)) return joinRaw(reply.map(formatRaw));
  if (reply instanceof Aggregate) {
    return reply.kind === "map" ? joinRaw(pairs(reply.items)) : joinRaw(reply.items.map(formatRaw));
  }
  if (reply === null) return Buffer.alloc(0);
  if (typeof reply === "boolean") return Buffer.from(reply ? "(true)" : "(false)");
  if (reply instanceof Status) return Buffer.from(reply.text);
  if (reply instanceof ReplyError) return Buffer.from(`${reply.message}\n`);
  if (typeof reply === "object") return Buffer.from(reply.double);
  return Buffer.from(`${reply}`);
}

function pairs(items: readonly RawReply[]): Buffer[] {
  const lines: Buffer[] = [];
  for (let i = 0; i + 1 < items.length; i += 2) {
    const [name, value] = [items[i] as RawReply, items[i + 1] as RawReply];
    lines.push(Buffer.concat([formatRaw(name), Buffer.from(" "), formatRaw(value)]));
  }
  return lines;
}

function joinRaw(parts: readonly Buffer[]): Buffer {
  const lineFeed = Buffer.from("\n");
  return Buffer.concat(parts.flatMap((part, i) => (i === 0 ? [part] : [lineFeed, part])));
}

const ALWAYS_RAW = [
  /^info$/,
  /^lolwut$/,
  /^debug htstats(-key)?$/,
  /^memory (malloc-stats|doctor)$/,
  /^cluster (nodes|info)$/,
  /^client (list|info)$/,
  /^latency (graph|doctor)$/,
];

/** Commands whose reply is a text for people in any case. */
export function isAlwaysRaw(parts: readonly string[]): boolean {
  const one = (parts[0] ?? "").toLowerCase();
  const two = `${one} ${(parts[1] ?? "").toLowerCase()}`;
  return ALWAYS_RAW.some((pattern) => pattern.test(one) || pattern.test(two));
}
