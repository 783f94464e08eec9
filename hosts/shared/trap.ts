/**
 * A trap is any exception out of an engine call. The instance is never called again: its memory may
 * hold a half-made change. The trap carries the command that was running, as text for the log.
 */

const SHOWN_ARGUMENTS = 8;
const SHOWN_BYTES = 64;

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

/**
 * The commands at the start of a chunk as text: what can be read of the first one, and how many
 * bytes the chunk had. Works on any bytes: a broken chunk is shown as it is.
 */
export function describeChunk(chunk: Uint8Array): string {
  const parts = readMultibulk(chunk) ?? [chunk];
  const shown = parts.slice(0, SHOWN_ARGUMENTS).map((part) => quoteBytes(part));
  const rest = parts.length - shown.length;
  return `${shown.join(" ")}${rest > 0 ? ` ... (${rest} more arguments)` : ""}`;
}

/** Arguments of the first command of a chunk; undefined when it is not a multibulk request. */
function readMultibulk(chunk: Uint8Array): Uint8Array[] | undefined {
  let at = 0;
  function readCount(marker: number): number {
    if (chunk[at] !== marker) return -1;
    let value = 0;
    for (at++; at < chunk.length && chunk[at] !== 13; at++) {
      const digit = (chunk[at] as number) - 48;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    at += 2;
    return value;
  }
  const count = readCount(0x2a);
  if (count < 0) return undefined;
  const parts: Uint8Array[] = [];
  for (let i = 0; i < count && at < chunk.length; i++) {
    const bytes = readCount(0x24);
    if (bytes < 0) break;
    parts.push(chunk.subarray(at, Math.min(at + bytes, chunk.length)));
    at += bytes + 2;
  }
  return parts.length > 0 ? parts : undefined;
}
