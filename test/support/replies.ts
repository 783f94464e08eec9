// What command tests compare with: replies as bytes, the most frequent errors, effects as lines.
import type { TestEngine } from "./engine";

export const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
export const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
export const NOT_FLOAT = "-ERR value is not a valid float\r\n";
export const SYNTAX = "-ERR syntax error\r\n";
export const TOO_LONG = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
export const MAXIMUM = "9223372036854775807";
export const MINIMUM = "-9223372036854775808";

export const ok = "+OK\r\n";
export const none = "$-1\r\n";
export const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
export const integer = (value: number | string) => `:${value}\r\n`;
export const arity = (name: string) => `-ERR wrong number of arguments for '${name}' command\r\n`;
export const invalidExpire = (name: string) => `-ERR invalid expire time in '${name}' command\r\n`;

/** Effects since the last call as command lines, SELECT left out. */
export function effectLines(engine: TestEngine): string[] {
  const text = engine.takeEffects();
  const lines: string[] = [];
  for (let at = 0; at < text.length; ) {
    const words: string[] = [];
    const header = text.indexOf("\r\n", at);
    let count = Number(text.slice(at + 1, header));
    for (at = header + 2; count > 0; count--) {
      const end = text.indexOf("\r\n", at);
      const bytes = Number(text.slice(at + 1, end));
      words.push(text.slice(end + 2, end + 2 + bytes));
      at = end + 4 + bytes;
    }
    if (words[0] !== "SELECT") lines.push(words.join(" "));
  }
  return lines;
}
