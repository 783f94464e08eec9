/**
 * Copies of a command's arguments that outlive the call: of commands that are queued in a
 * transaction, or that wait to be run again.
 *
 *   argument vector (argumentCount pairs of u32 address, u32 bytes) | the arguments' bytes
 */

import { copyBytes } from "../memory/copy";
import { Call } from "./call";

/** Bytes of a copy. */
export function keptArgumentBytes(call: Call): f64 {
  let bytes = <f64>call.argumentCount * 8;
  for (let index = 0; index < call.argumentCount; index++) bytes += <f64>call.bytesOf(index);
  return bytes;
}

/** Copies the arguments to `vector`, where `keptArgumentBytes` are free. */
export function keepArguments(call: Call, vector: usize): void {
  let text = vector + ((<usize>call.argumentCount) << 3);
  for (let index = 0; index < call.argumentCount; index++) {
    const bytes = call.bytesOf(index);
    store<u32>(vector + (index << 3), <u32>text);
    store<u32>(vector + (index << 3), bytes, 4);
    copyBytes(text, call.at(index), bytes);
    text += bytes;
  }
}
