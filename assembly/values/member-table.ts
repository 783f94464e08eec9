/**
 * Members seen so far, in scratch memory: tells a union of many sets what it has taken already.
 *
 *   slots  2^k of { u32 member's block, 0 = empty | u32 upper half of its hash }, at most half full
 *
 * Why not a HashTable: that one lives in DATA and grows; a read must not write there, and the most
 * there can be is known before.
 */

import { hashBytes } from "../memory/root";
import { scratchTake } from "../memory/scratch";
import { takeScratch } from "./member-list";
import { SetMember, memberBlockBytes, writeMember } from "./set-member";

const SLOT_BYTES: u32 = 8;
const MEMBERS_MAXIMUM: f64 = 134217728;

@unmanaged
export class MemberTable {
  slots: u32;
  mask: u32;
  /** The block of the member that was added last. */
  added: u32;
}

export const enum Addition {
  KNOWN,
  ADDED,
  OUT_OF_MEMORY,
}

/** A table for at most `members`; null when memory is short. */
export function openMemberTable(members: f64): MemberTable | null {
  if (members >= MEMBERS_MAXIMUM) return null;
  const places: u32 = 1 << (33 - clz(max<u32>(<u32>members, 2) - 1));
  const slots = takeScratch(places * SLOT_BYTES);
  if (!slots) return null;
  memory.fill(slots, 0, places * SLOT_BYTES);
  const table = changetype<MemberTable>(scratchTake(offsetof<MemberTable>()));
  table.slots = <u32>slots;
  table.mask = places - 1;
  return table;
}

/** Adds a member whose text is at `address`; `block` is its block, 0 when it has none. */
export function addToMemberTable(
  table: MemberTable,
  block: usize,
  address: usize,
  bytes: u32,
): Addition {
  const hash = hashBytes(address, bytes);
  const tag = <u32>(hash >> 32);
  let place = <u32>hash & table.mask;
  let slot: usize = table.slots + place * SLOT_BYTES;
  for (let member = load<u32>(slot); member; member = load<u32>(slot)) {
    if (load<u32>(slot, 4) == tag && changetype<SetMember>(<usize>member).matches(address, bytes)) {
      return Addition.KNOWN;
    }
    place = (place + 1) & table.mask;
    slot = table.slots + place * SLOT_BYTES;
  }
  let member = block;
  if (!member) {
    member = takeScratch(memberBlockBytes(bytes));
    if (!member) return Addition.OUT_OF_MEMORY;
    writeMember(member, address, bytes);
  }
  store<u32>(slot, <u32>member);
  store<u32>(slot, tag, 4);
  table.added = <u32>member;
  return Addition.ADDED;
}
