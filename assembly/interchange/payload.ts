/**
 * The payload of DUMP and RESTORE: a value with what says that it is whole.
 *
 *   type (1 byte), value, version of RDB (u16), CRC-64 of all before (u64)
 */

import { crc64 } from "./crc64";
import { outputBytes, outputRoom, payloadOutput } from "./output";

export const FOOTER_BYTES: u32 = 10;
const CRC_BYTES: u32 = 8;

/** Ends what `writeValue` wrote; false when memory was short. */
export function finishPayload(version: u32): bool {
  const out = payloadOutput();
  if (!outputRoom(out, FOOTER_BYTES)) return false;
  store<u16>(out.cursor, <u16>version);
  out.cursor += 2;
  store<u64>(out.cursor, crc64(0, out.start, outputBytes(out)));
  out.cursor += CRC_BYTES;
  return true;
}

/** The version that a payload tells. It is whole. */
export function payloadVersion(address: usize, bytes: u32): u32 {
  return load<u16>(address + bytes - FOOTER_BYTES);
}

/** Whether a payload has a value and a right checksum. */
export function isPayload(address: usize, bytes: u32): bool {
  if (bytes < FOOTER_BYTES + 1) return false;
  const end = address + bytes - CRC_BYTES;
  return load<u64>(end) == crc64(0, address, bytes - CRC_BYTES);
}
