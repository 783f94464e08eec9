/** Positions of bits as arguments. */

import { isReplaying } from "../memory/root";
import { BIT_OFFSET_NOT_INTEGER } from "../protocol/errors";
import { replyError } from "../protocol/reply";
import { Call } from "../server/call";
import { settings } from "../server/settings";
import { parseInteger } from "../text/integers";

/**
 * Argument `index` as the position of a bit, in `call.integer`; false: the error is answered. With
 * `bits`, "#7" means the seventh field of that width.
 */
export function bitOffsetOrReply(call: Call, index: i32, bits: u32): bool {
  let address = call.at(index);
  let bytes = call.bytesOf(index);
  const counts = bits && bytes && load<u8>(address) == 0x23;
  if (counts) {
    address += 1;
    bytes -= 1;
  }
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (parseInteger(address, bytes, out)) {
    if (counts) call.integer *= <i64>bits;
    const offset = call.integer;
    if (offset >= 0 && isInReach(offset)) return true;
  }
  replyError(BIT_OFFSET_NOT_INTEGER);
  return false;
}

/** A replay obeys memory only. */
// @ts-ignore: decorator
@inline
function isInReach(offset: i64): bool {
  const byte = offset >> 3;
  return <f64>byte < settings().bulkBytesMaximum || (isReplaying() && byte <= <i64>u32.MAX_VALUE);
}
