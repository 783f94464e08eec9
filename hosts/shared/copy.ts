/** Below this a loop is faster than making the view that `set` needs (measured on V8). */
const LOOP_BYTES = 48;

/** Copies bytes from one array into another. */
export function copyBytes(
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  to: number,
  bytes: number,
): void {
  if (bytes > LOOP_BYTES) {
    target.set(source.subarray(from, from + bytes), to);
    return;
  }
  for (let i = 0; i < bytes; i++) target[to + i] = source[from + i] as number;
}
