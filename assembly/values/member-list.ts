/**
 * A list of members in scratch memory: what a set operation found, before it is answered or stored.
 *
 * The number of members comes first in a reply and decides the memory of a stored result, so it has
 * to be known before. Members of hash tables are noted by the address of their block, others are
 * copied behind the list in the same form (values/set-member.ts): readers see one kind.
 *
 *   block (BLOCK_BYTES of scratch)
 *   +0   u32                  next block, 0 = none
 *   +4   u32 x BLOCK_ENTRIES  addresses of members
 *
 * The list holds until one of the sets it came from changes. Where memory is missing the functions
 * answer false and nothing has changed.
 */

import { reserve } from "../memory/allocator";
import { scratchLeft, scratchTake } from "../memory/scratch";
import { SetMember, memberBlockBytes, writeMember } from "./set-member";

const BLOCK_ENTRIES: u32 = 1023;
const BLOCK_BYTES: u32 = 4096;
/** What scratch memory may take in addition when it has to be extended. */
const CHUNK_BYTES: u32 = 0x11000;

@unmanaged
export class MemberList {
  count: u32;
  /** First and last block, and members in the last one. */
  first: u32;
  last: u32;
  used: u32;
  /** Bytes of all members. */
  bytes: f64;
}

/** An empty list. The caller has taken a scratch mark before and releases it after. */
export function openMemberList(): MemberList {
  const list = changetype<MemberList>(scratchTake(offsetof<MemberList>()));
  list.count = 0;
  list.first = 0;
  list.last = 0;
  list.used = BLOCK_ENTRIES;
  list.bytes = 0;
  return list;
}

/** Scratch memory of `bytes`, 0 when memory is short. */
export function takeScratch(bytes: u32): usize {
  if (scratchLeft() < bytes && !reserve(bytes + CHUNK_BYTES)) return 0;
  return scratchTake(bytes);
}

function addBlock(list: MemberList): bool {
  const block = takeScratch(BLOCK_BYTES);
  if (!block) return false;
  store<u32>(block, 0);
  if (list.last) store<u32>(list.last, <u32>block);
  else list.first = <u32>block;
  list.last = <u32>block;
  list.used = 0;
  return true;
}

/** Adds a member whose text is at `address`; `block` is its block, 0 when it has none. */
export function listMember(list: MemberList, block: usize, address: usize, bytes: u32): bool {
  if (list.used == BLOCK_ENTRIES && !addBlock(list)) return false;
  let member = block;
  if (!member) {
    member = takeScratch(memberBlockBytes(bytes));
    if (!member) return false;
    writeMember(member, address, bytes);
  }
  store<u32>(list.last + 4 + (list.used << 2), <u32>member);
  list.used += 1;
  list.count += 1;
  list.bytes += <f64>bytes;
  return true;
}

/** Walks through a list: `block` and `index` of the next member. */
@unmanaged
export class ListCursor {
  block: u32;
  index: u32;
  last: u32;
  used: u32;
}

/** A cursor before the first member; in scratch memory. */
export function openListCursor(list: MemberList): ListCursor {
  const cursor = changetype<ListCursor>(scratchTake(offsetof<ListCursor>()));
  cursor.block = list.first;
  cursor.index = 0;
  cursor.last = list.last;
  cursor.used = list.used;
  return cursor;
}

/** The next member, null at the end. */
export function listNext(cursor: ListCursor): SetMember | null {
  if (!cursor.block) return null;
  if (cursor.block == cursor.last && cursor.index == cursor.used) return null;
  if (cursor.index == BLOCK_ENTRIES) {
    cursor.block = load<u32>(cursor.block);
    cursor.index = 0;
  }
  const member: usize = load<u32>(cursor.block + 4 + (cursor.index << 2));
  cursor.index += 1;
  return changetype<SetMember>(member);
}
