/**
 * A trap is any exception out of an engine call. The instance is never called again: its memory may
 * hold a half-made change. The trap carries the command that was running, as text for the log; it
 * is found in what the engine's parser has left in memory.
 */
import { ARGUMENTS_WINDOW, INPUT_WINDOW, INPUT_WINDOW_BYTES } from "../../assembly/abi.js";

const SHOWN_ARGUMENTS = 8;
const SHOWN_BYTES = 64;
/** Most bytes between two arguments of one request: the end of one, the header of the next. */
const GAP_BYTES = 32;

export class EngineTrap extends Error {
  /** The command (or the engine call) that was running. */
  readonly command: string;

  constructor(command: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`the engine stopped in ${command}: ${reason}`, { cause });
    this.name = "EngineTrap";
    this.command = command;
  }
}

/** One argument as redis-cli would print it, shortened. */
export function quoteBytes(bytes: Uint8Array, limit = SHOWN_BYTES): string {
  let text = "";
  const shown = Math.min(bytes.length, limit);
  for (let i = 0; i < shown; i++) text += quoteByte(bytes[i] as number);
  const rest = bytes.length - shown;
  return `"${text}"${rest > 0 ? `... (${rest} more bytes)` : ""}`;
}

function quoteByte(byte: number): string {
  if (byte === 0x22) return '\\"';
  if (byte === 0x5c) return "\\\\";
  if (byte === 10) return "\\n";
  if (byte === 13) return "\\r";
  if (byte === 9) return "\\t";
  if (byte === 7) return "\\a";
  if (byte === 8) return "\\b";
  if (byte >= 32 && byte < 127) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** The command that was running when the call that fed `chunk` failed. */
export function describeRunning(memory: Uint8Array, chunk: Uint8Array): string {
  const parts = readArguments(memory);
  if (parts.length === 0) return quoteBytes(chunk);
  const open = openArguments(parts);
  const shown = parts
    .slice(0, SHOWN_ARGUMENTS)
    .map((part, index) => (index < open ? quoteBytes(part) : '"(redacted)"'));
  const rest = parts.length - shown.length;
  return `${shown.join(" ")}${rest > 0 ? ` ... (${rest} more arguments)` : ""}`;
}

/** Commands that may carry a password, and how many of their words are shown all the same. */
const SECRET_AFTER = new Map([
  ["auth", 1],
  ["hello", 2],
  ["acl", 2],
  ["config", 3],
  ["migrate", 6],
]);

function openArguments(parts: readonly Uint8Array[]): number {
  const [name = new Uint8Array()] = parts;
  return (
    SECRET_AFTER.get(String.fromCharCode(...name.subarray(0, 16)).toLowerCase()) ?? SHOWN_ARGUMENTS
  );
}

/** The argument vector: {u32 address, u32 bytes} each; how many is told by the request's header. */
function readArguments(memory: Uint8Array): Uint8Array[] {
  const view = new DataView(memory.buffer, memory.byteOffset + ARGUMENTS_WINDOW);
  const parts: Uint8Array[] = [];
  const count = readCount(memory, view.getUint32(0, true));
  let end = 0;
  for (let i = 0; i < (count ?? SHOWN_ARGUMENTS); i++) {
    const address = view.getUint32(i * 8, true);
    const bytes = view.getUint32(i * 8 + 4, true);
    if (address === 0 || bytes > memory.length - address) break;
    const follows = i === 0 || (address >= end && address - end <= GAP_BYTES);
    if (count === undefined && !follows) break;
    parts.push(memory.subarray(address, address + bytes));
    end = address + bytes;
  }
  return parts;
}

/** The argument count that stands before the first argument, where it is still there. */
function readCount(memory: Uint8Array, first: number): number | undefined {
  const isInWindow = first >= INPUT_WINDOW && first - INPUT_WINDOW < INPUT_WINDOW_BYTES;
  if (!isInWindow) return undefined;
  const before = memory.subarray(Math.max(INPUT_WINDOW, first - GAP_BYTES), first);
  const header = /\*(\d{1,4})\r\n\$\d+\r\n$/.exec(String.fromCharCode(...before));
  return header === null ? undefined : Number(header[1]);
}
