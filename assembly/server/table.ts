/**
 * The command table (law 5): one row per command and subcommand, the only source of its facts.
 *
 * Rows are registered once at start by `command(...)` calls at the end of each file in commands/.
 * The facts are string literals in the module's static data; a row points at them. COMMAND INFO,
 * DOCS, LIST, GETKEYS, arity errors, ACL categories and the typed client methods all read rows.
 *
 * Notation of the facts:
 *   flags       words as COMMAND INFO prints them: "write denyoom fast"
 *   categories  ACL categories that do not follow from the flags (write, read, fast, slow, admin,
 *               dangerous with admin, pubsub and blocking do)
 *   keys        specs separated by " ; ": "index 1 range 0 1 0 : rw access update # note"
 *   args        "name:type=TOKEN?*+@key^since!deprecated~display(children)": ? optional,
 *               * multiple, + the token repeats too, @ index of the key spec; types as in
 *               COMMAND DOCS
 *   tips        words as COMMAND INFO prints them
 *
 * Dispatch: names are folded by setting bit 5 of their first eight bytes, which with the length
 * makes the hash and, for names of letters up to that length, the whole comparison.
 *
 *   row index (1024 u32, open addressing) -> Row
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate } from "../memory/allocator";
import { findByte } from "../memory/bytes";
import { DEBUG } from "../memory/debug";
import { equalsBytesIgnoreCase, equalsIgnoreCase, equalsLiteral, writeLiteral } from "../text/case";

export const enum RowFlag {
  WRITE = 1,
  READONLY = 2,
  DENYOOM = 4,
  ADMIN = 8,
  PUBSUB = 16,
  NOSCRIPT = 32,
  BLOCKING = 64,
  LOADING = 128,
  STALE = 256,
  FAST = 512,
  NO_AUTH = 1024,
  MAY_REPLICATE = 2048,
  MOVABLE_KEYS = 4096,
  NO_MULTI = 8192,
  ALLOW_BUSY = 16384,
  SKIP_MONITOR = 32768,
  SKIP_SLOWLOG = 65536,
  ASKING = 131072,
  NO_ASYNC_LOADING = 262144,
  NO_MANDATORY_KEYS = 524288,
  /** Its calls take long: each is timed by itself (server/timing.ts). */
  TIMED_ALONE = 1 << 28,
  /** Clients do not know it by its name (rename-command). */
  RENAMED = 1 << 27,
  /** Its calls are timed together with those of other such rows: fast, O(1), EXEC. */
  SHARES_TIME = 1 << 29,
  /** Name has bytes other than letters, or more than eight: compare it in full. */
  LONG_NAME = 1 << 30,
}

@unmanaged
export class Row {
  /** Up to eight folded bytes of the name. */
  prefix: u64;
  /** Microseconds spent and calls made, refused before and failed during execution. */
  calls: f64;
  microseconds: f64;
  rejectedCalls: f64;
  failedCalls: f64;
  /** ASCII, lower case; "config|get" for a subcommand. */
  nameAddress: u32;
  nameBytes: u32;
  /** Index in the function table. */
  handler: u32;
  arity: i32;
  flags: u32;
  /** Legacy first key, last key, step, from the key specs. */
  firstKey: i32;
  lastKey: i32;
  keyStep: i32;
  /** 0, or the row of the container. */
  parent: u32;
  /** First subcommand, next one of the same container, next row in order of registration. */
  firstChild: u32;
  sibling: u32;
  next: u32;
  /** Calls in the group being timed, and the next row of it (server/timing.ts). */
  groupCalls: u32;
  groupNext: u32;
  /** Histogram of its times, 0 = none yet. */
  histogram: u32;
  /** Place in the order of registration. */
  number: u32;
  /** String literals. */
  group: string;
  since: string;
  flagWords: string;
  categories: string;
  keys: string;
  args: string;
  tips: string;
  complexity: string;
  summary: string;
  /** Empty, or the version since which the command is deprecated and what replaces it. */
  deprecatedSince: string;
  replacedBy: string;
  /** Words of COMMAND DOCS: "deprecated", "syscmd". */
  docFlags: string;

  /** Whether the row is the command of this (lower-case) name. */
  is(name: string): bool {
    return equalsLiteral(this.nameAddress, this.nameBytes, name);
  }
}

@unmanaged
class TableRoot {
  index: u32;
  first: u32;
  last: u32;
  rows: u32;
  topRows: u32;
  /** First Alias. */
  aliases: u32;
}

/** What clients call a renamed command. */
@unmanaged
class Alias {
  next: u32;
  row: Row;
  bytes: u32;
}

const INDEX_SLOTS: u32 = 1024;
const NAME_BYTES_MAXIMUM: i32 = 64;

// @ts-ignore: decorator
@inline
function root(): TableRoot {
  return changetype<TableRoot>(SERVER_ROOT + 0xe00);
}

/** An empty table. */
export function initializeRows(): void {
  root().index = <u32>allocate(Arena.SERVER, INDEX_SLOTS * 4);
  memory.fill(root().index, 0, INDEX_SLOTS * 4);
  root().first = 0;
  root().last = 0;
  root().rows = 0;
  root().topRows = 0;
  root().aliases = 0;
}

/** Rows at all, and rows that are not subcommands. */
export function rowCount(): u32 {
  return root().rows;
}

export function topRowCount(): u32 {
  return root().topRows;
}

/** First row in order of registration, null when there is none; then `nextRow`. */
export function firstRow(): Row | null {
  return changetype<Row | null>(<usize>root().first);
}

export function nextRow(row: Row): Row | null {
  return changetype<Row | null>(<usize>row.next);
}

// @ts-ignore: decorator
@inline
function prefixOf(name: usize, bytes: u32): u64 {
  const word = load<u64>(name) | 0x2020202020202020;
  return bytes >= 8 ? word : word & ((<u64>1 << (bytes << 3)) - 1);
}

// @ts-ignore: decorator
@inline
function slotOf(prefix: u64, bytes: u32): u32 {
  return <u32>(((prefix + bytes) * 0x9e3779b97f4a7c15) >> 54);
}

/** The row of a command (not of a subcommand) by name in any case; null when unknown. */
export function findRow(name: usize, bytes: u32): Row | null {
  const prefix = prefixOf(name, bytes);
  const index = <usize>root().index;
  let slot = slotOf(prefix, bytes);
  let address = <usize>load<u32>(index + (slot << 2));
  while (address) {
    const row = changetype<Row>(address);
    if (row.prefix == prefix && row.nameBytes == bytes) {
      if (!(row.flags & RowFlag.LONG_NAME)) return row;
      if (equalsBytesIgnoreCase(row.nameAddress, name, bytes)) return row;
    }
    slot = (slot + 1) & (INDEX_SLOTS - 1);
    address = <usize>load<u32>(index + (slot << 2));
  }
  return null;
}

/** Whether clients know commands by other names than the table does. */
// @ts-ignore: decorator
@inline
export function hasRenames(): bool {
  return root().aliases != 0;
}

/** As `findRow`, by the names that clients use. */
export function findSpoken(name: usize, bytes: u32): Row | null {
  for (let at = <usize>root().aliases; at; at = changetype<Alias>(at).next) {
    const alias = changetype<Alias>(at);
    if (alias.bytes != bytes || !bytes) continue;
    if (equalsBytesIgnoreCase(at + offsetof<Alias>(), name, bytes)) return alias.row;
  }
  const row = findRow(name, bytes);
  return row && row.flags & RowFlag.RENAMED ? null : row;
}

/** Clients know the command by this name only; without bytes, not at all. */
export function renameRow(row: Row, name: usize, bytes: u32): void {
  const address = allocate(Arena.SERVER, <u32>offsetof<Alias>() + bytes);
  const alias = changetype<Alias>(address);
  alias.next = root().aliases;
  alias.row = row;
  alias.bytes = bytes;
  memory.copy(address + offsetof<Alias>(), name, bytes);
  root().aliases = <u32>address;
  row.flags |= RowFlag.RENAMED;
}

/** The subcommand of a container by its own name in any case; null when unknown. */
export function findSubcommand(container: Row, name: usize, bytes: u32): Row | null {
  const skip = container.nameBytes + 1;
  let address = <usize>container.firstChild;
  while (address) {
    const row = changetype<Row>(address);
    if (row.nameBytes - skip == bytes
      && equalsBytesIgnoreCase(row.nameAddress + skip, name, bytes)) return row;
    address = row.sibling;
  }
  return null;
}

/** The row of "command" or "container|subcommand" in any case; null when unknown. */
export function findFullName(name: usize, bytes: u32): Row | null {
  const bar = findByte(name, name + bytes, 0x7c);
  if (!bar) return findRow(name, bytes);
  const containerBytes = <u32>(bar - name);
  const container = findRow(name, containerBytes);
  if (!container) return null;
  return findSubcommand(container, bar + 1, bytes - containerBytes - 1);
}

/**
 * Registers a command. A name with "|" is a subcommand of the row before the bar, which is
 * registered already.
 */
export function command(
  handler: u32,
  name: string,
  group: string,
  since: string,
  arity: i32,
  flags: string,
  categories: string,
  keys: string,
  args: string,
  tips: string,
  complexity: string,
  summary: string,
): void {
  const address = allocate(Arena.SERVER, offsetof<Row>());
  memory.fill(address, 0, offsetof<Row>());
  const row = changetype<Row>(address);
  const nameAddress = allocate(Arena.SERVER, NAME_BYTES_MAXIMUM);
  row.nameAddress = <u32>nameAddress;
  row.nameBytes = writeLiteral(nameAddress, name);
  row.handler = handler;
  row.arity = arity;
  row.group = group;
  row.since = since;
  row.flagWords = flags;
  row.categories = categories;
  row.keys = keys;
  row.args = args;
  row.tips = tips;
  row.complexity = complexity;
  row.summary = summary;
  row.deprecatedSince = "";
  row.replacedBy = "";
  row.docFlags = "";
  row.flags = flagBits(flags);
  // EXEC (skip_slowlog) does nothing besides the commands that it runs, which have their own times.
  const mostlyShort: u32 = RowFlag.FAST | RowFlag.SKIP_SLOWLOG;
  if (row.flags & mostlyShort || complexity.startsWith("O(1)")) {
    row.flags |= RowFlag.SHARES_TIME;
  } else {
    row.flags |= RowFlag.TIMED_ALONE;
  }
  row.number = root().rows++;
  readLegacyKeys(row);
  if (root().last) changetype<Row>(<usize>root().last).next = <u32>address;
  else root().first = <u32>address;
  root().last = <u32>address;
  const bar = name.indexOf("|");
  if (bar < 0) indexRow(row);
  else attach(row, bar);
}

/** The row registered last, which is `name`. */
function lastRow(name: string): Row {
  const row = changetype<Row>(<usize>root().last);
  if (DEBUG) assert(equalsIgnoreCase(row.nameAddress, row.nameBytes, name));
  return row;
}

/** Marks the command registered last, which is `name`, as deprecated. */
export function deprecated(name: string, since: string, replacedBy: string): void {
  const row = lastRow(name);
  row.deprecatedSince = since;
  row.replacedBy = replacedBy;
  row.docFlags = "deprecated";
}

/** Marks the command registered last, which is `name`, as one that is not for clients. */
export function systemCommand(name: string): void {
  lastRow(name).docFlags = "syscmd";
}

function indexRow(row: Row): void {
  const prefix = prefixOf(row.nameAddress, row.nameBytes);
  row.prefix = prefix;
  if (row.nameBytes > 8) row.flags |= RowFlag.LONG_NAME;
  for (let i: u32 = 0; i < row.nameBytes; i++) {
    const byte = load<u8>(row.nameAddress + i);
    if (byte < 0x61 || byte > 0x7a) row.flags |= RowFlag.LONG_NAME;
  }
  let slot = slotOf(prefix, row.nameBytes);
  while (load<u32>(root().index + (slot << 2))) slot = (slot + 1) & (INDEX_SLOTS - 1);
  store<u32>(root().index + (slot << 2), <u32>changetype<usize>(row));
  root().topRows += 1;
}

function attach(row: Row, bar: i32): void {
  const container = findRow(row.nameAddress, bar);
  if (!container) unreachable();
  row.parent = <u32>changetype<usize>(container);
  let link = changetype<usize>(container) + offsetof<Row>("firstChild");
  while (load<u32>(link)) link = load<u32>(link) + offsetof<Row>("sibling");
  store<u32>(link, <u32>changetype<usize>(row));
}

/** True when `words` contains `word` between spaces. */
export function hasWord(words: string, word: string): bool {
  const bytes = word.length;
  let at = words.indexOf(word);
  while (at >= 0) {
    const before = at == 0 || words.charCodeAt(at - 1) == 0x20;
    const after = at + bytes == words.length || words.charCodeAt(at + bytes) == 0x20;
    if (before && after) return true;
    at = words.indexOf(word, at + 1);
  }
  return false;
}

function flagBits(flags: string): u32 {
  let bits: u32 = 0;
  if (hasWord(flags, "write")) bits |= RowFlag.WRITE;
  if (hasWord(flags, "readonly")) bits |= RowFlag.READONLY;
  if (hasWord(flags, "denyoom")) bits |= RowFlag.DENYOOM;
  if (hasWord(flags, "admin")) bits |= RowFlag.ADMIN;
  if (hasWord(flags, "pubsub")) bits |= RowFlag.PUBSUB;
  if (hasWord(flags, "noscript")) bits |= RowFlag.NOSCRIPT;
  if (hasWord(flags, "blocking")) bits |= RowFlag.BLOCKING;
  if (hasWord(flags, "loading")) bits |= RowFlag.LOADING;
  if (hasWord(flags, "stale")) bits |= RowFlag.STALE;
  if (hasWord(flags, "fast")) bits |= RowFlag.FAST;
  if (hasWord(flags, "no_auth")) bits |= RowFlag.NO_AUTH;
  if (hasWord(flags, "may_replicate")) bits |= RowFlag.MAY_REPLICATE;
  if (hasWord(flags, "movablekeys")) bits |= RowFlag.MOVABLE_KEYS;
  if (hasWord(flags, "no_multi")) bits |= RowFlag.NO_MULTI;
  if (hasWord(flags, "allow_busy")) bits |= RowFlag.ALLOW_BUSY;
  if (hasWord(flags, "skip_monitor")) bits |= RowFlag.SKIP_MONITOR;
  if (hasWord(flags, "skip_slowlog")) bits |= RowFlag.SKIP_SLOWLOG;
  if (hasWord(flags, "asking")) bits |= RowFlag.ASKING;
  if (hasWord(flags, "no_async_loading")) bits |= RowFlag.NO_ASYNC_LOADING;
  if (hasWord(flags, "no_mandatory_keys")) bits |= RowFlag.NO_MANDATORY_KEYS;
  return bits;
}

/** Reads a decimal number of a literal from `at`; stops at the first other character. */
export function numberAt(text: string, at: i32): i32 {
  let value = 0;
  let index = at;
  const negative = index < text.length && text.charCodeAt(index) == 0x2d;
  if (negative) index += 1;
  while (index < text.length) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    index += 1;
  }
  return negative ? -value : value;
}

/** First key, last key and step as old clients read them: the span of all index/range specs. */
function readLegacyKeys(row: Row): void {
  const keys = row.keys;
  let at = 0;
  while (at >= 0 && at < keys.length) {
    const index = keys.indexOf("index ", at);
    if (index != at) break;
    const first = numberAt(keys, index + 6);
    const range = keys.indexOf(" range ", index);
    const end = keys.indexOf(" ; ", index);
    if (range < 0 || (end >= 0 && range > end)) break;
    const last = numberAt(keys, range + 7);
    const step = numberAt(keys, keys.indexOf(" ", range + 7) + 1);
    const lastKey = last < 0 ? last : first + last;
    if (!row.firstKey) {
      row.firstKey = first;
      row.keyStep = step;
      row.lastKey = lastKey;
    } else if (row.lastKey >= 0 && (lastKey < 0 || lastKey > row.lastKey)) {
      row.lastKey = lastKey;
    }
    at = end < 0 ? -1 : end + 3;
  }
}
