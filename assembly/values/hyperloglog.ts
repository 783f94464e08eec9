/**
 * HyperLogLog: how many different elements were seen, in Redis's own bytes, so that values may go
 * from one server to the other. It lies in a string; 16,384 registers hold the longest run of zeros
 * seen, and the estimate follows from how many registers hold which length (Ertl's estimator, which
 * needs no corrections by table). The standard error is 1.04 / sqrt(16384) = 0.81 %.
 *
 *   +0   "HYLL"
 *   +4   u8 encoding: 0 dense, 1 sparse, and three bytes of nothing
 *   +8   u64 cached estimate, little endian; its top bit says that it is out of date
 *   +16  registers
 *
 *   dense    12,288 bytes: 6 bits each, from the lowest bit on
 *   sparse   00nnnnnn            n + 1 registers are 0
 *            01nnnnnn nnnnnnnn   n + 1 registers are 0
 *            1vvvvvnn            n + 1 registers are v + 1
 *
 * Elements are added to a sparse value in a copy (class Work), which takes the value's place when
 * all went well: a corrupt value is found on the way, and it stays as it is. The dense form is
 * changed in place. A sparse value becomes dense when a register passes 32 or when it would pass
 * `hll-sparse-max-bytes`; splitting and joining of runs is done just as Redis does it, as the bytes
 * are what clients and replicas see.
 *
 * Cost: an element is a hash and, when sparse, a walk over at most some 3,000 bytes. A union
 * unpacks 16 registers at a time.
 */

import { SERVER_ROOT } from "../abi";
import { writeUnsigned } from "../text/integers";

// @ts-ignore: decorator
@inline export const HEADER_BYTES: u32 = 16;
// @ts-ignore: decorator
@inline export const REGISTERS: u32 = 16384;
// @ts-ignore: decorator
@inline export const DENSE_BYTES: u32 = 16 + 12288;
/** No sparse value is longer: each two bytes stand for a register at least. */
// @ts-ignore: decorator
@inline export const SPARSE_BYTES_MAXIMUM: u32 = 16 + 32768;

const MAGIC: u32 = 0x4c4c5948;
const SEED: u64 = 0xadc83b19;
const INDEX_BITS: u32 = 14;
/** Hash bits that are left for the run of zeros. */
const RUN_BITS: u32 = 50;
const SPARSE_RANK_MAXIMUM: u32 = 32;
const SHORT_RUN_MAXIMUM: u32 = 64;
const VALUE_RUN_MAXIMUM: u32 = 4;
const DENSE: u32 = 0;
const SPARSE: u32 = 1;

/** What adding to a value came to. */
export const enum Added {
  SAME = 0,
  CHANGED = 1,
  CORRUPT = 2,
}

/** A value being changed. */
@unmanaged
export class Work {
  address: usize;
  bytes: u32;
  /** DENSE_BYTES of room for the dense form. */
  dense: usize;
  /** Longest sparse value. */
  limit: u32;
  /** Room for the bytes that replace a run. */
  sequence: u64;
}

// @ts-ignore: decorator
@inline
export function work(): Work {
  return changetype<Work>(SERVER_ROOT + 0x5e00);
}

// ---- The header --------------------------------------------------------------------------------

/** Whether these bytes are a HyperLogLog, as far as the header tells. */
export function isHyperLogLog(address: usize, bytes: u32): bool {
  if (bytes < HEADER_BYTES || load<u32>(address) != MAGIC) return false;
  const encoding: u32 = load<u8>(address, 4);
  return encoding == SPARSE || (encoding == DENSE && bytes == DENSE_BYTES);
}

// @ts-ignore: decorator
@inline
export function isSparse(address: usize): bool {
  return load<u8>(address, 4) == SPARSE;
}

/** The cached estimate; negative when it is out of date. */
// @ts-ignore: decorator
@inline
export function cachedEstimate(address: usize): i64 {
  return load<i64>(address, 8);
}

// @ts-ignore: decorator
@inline
export function cacheEstimate(address: usize, estimate: u64): void {
  store<u64>(address, estimate, 8);
}

// @ts-ignore: decorator
@inline
export function forgetEstimate(address: usize): void {
  store<u8>(address, load<u8>(address, 15) | 0x80, 15);
}

/** Writes a value without elements; returns its length. */
export function writeEmpty(address: usize): u32 {
  memory.fill(address, 0, HEADER_BYTES);
  store<u32>(address, MAGIC);
  store<u8>(address, SPARSE, 4);
  return HEADER_BYTES + writeZeros(address + HEADER_BYTES, REGISTERS);
}

// ---- Elements ----------------------------------------------------------------------------------

/** MurmurHash64A. */
export function murmur(address: usize, bytes: u32): u64 {
  const factor: u64 = 0xc6a4a7935bd1e995;
  let hash = SEED ^ (<u64>bytes * factor);
  for (; bytes >= 8; bytes -= 8) {
    let word = load<u64>(address) * factor;
    word = (word ^ (word >> 47)) * factor;
    hash = (hash ^ word) * factor;
    address += 8;
  }
  if (bytes) {
    let tail: u64 = 0;
    for (let index = bytes; index; index--) {
      tail = (tail << 8) | <u64>load<u8>(address + index - 1);
    }
    hash = (hash ^ tail) * factor;
  }
  hash = (hash ^ (hash >> 47)) * factor;
  return hash ^ (hash >> 47);
}

/** The register of a hash. */
// @ts-ignore: decorator
@inline
export function registerOf(hash: u64): u32 {
  return <u32>hash & (REGISTERS - 1);
}

/** What a hash would make of its register: one more than the zeros that it ends in, 1 to 51. */
// @ts-ignore: decorator
@inline
export function rankOf(hash: u64): u32 {
  return <u32>ctz<u64>((hash >> INDEX_BITS) | (<u64>1 << RUN_BITS)) + 1;
}

// ---- Dense -------------------------------------------------------------------------------------

export function denseRegister(address: usize, index: u32): u32 {
  const bit = index * 6;
  const at = address + HEADER_BYTES + (bit >> 3);
  const shift = bit & 7;
  // Only a register that crosses into the next byte may look at it: the last one has none.
  const pair: u32 = shift > 2 ? load<u16>(at) : load<u8>(at);
  return (pair >> shift) & 63;
}

export function setDenseRegister(address: usize, index: u32, rank: u32): void {
  const bit = index * 6;
  const at = address + HEADER_BYTES + (bit >> 3);
  const shift = bit & 7;
  const mask: u32 = 63 << shift;
  if (shift > 2) store<u16>(at, <u16>((load<u16>(at) & ~mask) | (rank << shift)));
  else store<u8>(at, <u8>((load<u8>(at) & ~mask) | (rank << shift)));
}

/** Raises a register of a dense value; true when it was lower. */
// @ts-ignore: decorator
@inline
export function addDense(address: usize, index: u32, rank: u32): bool {
  if (denseRegister(address, index) >= rank) return false;
  setDenseRegister(address, index, rank);
  return true;
}

/** 16 registers of 6 bits, 8 in each half of the vector, as bytes. */
// @ts-ignore: decorator
@inline
function spread(packed: v128): v128 {
  const fours = v128.or(
    v128.and(packed, i64x2.splat(0xffffff)),
    i64x2.shl(v128.and(packed, i64x2.splat(0xffffff000000)), 8),
  );
  const twos = v128.or(
    v128.and(fours, i64x2.splat(0x00000fff00000fff)),
    i64x2.shl(v128.and(fours, i64x2.splat(0x00fff00000fff000)), 4),
  );
  return v128.or(
    v128.and(twos, i64x2.splat(0x003f003f003f003f)),
    i64x2.shl(v128.and(twos, i64x2.splat(0x0fc00fc00fc00fc0)), 2),
  );
}

/** Joins the registers of a dense value into bytes, each the larger of the two. */
function uniteDense(address: usize, registers: usize): void {
  let source = address + HEADER_BYTES;
  const last = registers + REGISTERS - 16;
  for (let target = registers; target <= last; target += 16) {
    // The last six bytes are read with the two before them, not behind.
    const second = target == last ? load<i64>(source, 4) >>> 16 : load<i64>(source, 6);
    const packed = i64x2.replace_lane(i64x2.splat(load<i64>(source)), 1, second);
    v128.store(target, i8x16.max_u(v128.load(target), spread(packed)));
    source += 12;
  }
}

/** Packs registers, a byte each, into the dense value at `address`; its header stays. */
export function packRegisters(address: usize, registers: usize): void {
  let target = address + HEADER_BYTES;
  for (let index: u32 = 0; index < REGISTERS; index += 8) {
    let word = load<u64>(registers + index);
    word = (word & 0x003f003f003f003f) | ((word & 0x3f003f003f003f00) >> 2);
    word = (word & 0x00000fff00000fff) | ((word & 0x0fff00000fff0000) >> 4);
    word = (word & 0xffffff) | ((word >> 32) << 24);
    store<u32>(target, <u32>word);
    store<u16>(target, <u16>(word >> 32), 4);
    target += 6;
  }
}

// ---- Sparse ------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function isValue(byte: u32): bool {
  return byte >= 0x80;
}

// @ts-ignore: decorator
@inline
function isLongZeros(byte: u32): bool {
  return byte - 0x40 < 0x40;
}

// @ts-ignore: decorator
@inline
function rankIn(byte: u32): u32 {
  return ((byte >> 2) & 31) + 1;
}

/** Registers that the opcode at `cursor` stands for; 0 when its second byte is missing. */
// @ts-ignore: decorator
@inline
function runAt(cursor: usize, end: usize): u32 {
  const byte: u32 = load<u8>(cursor);
  if (isValue(byte)) return (byte & 3) + 1;
  if (!isLongZeros(byte)) return byte + 1;
  return end - cursor < 2 ? 0 : (((byte & 63) << 8) | <u32>load<u8>(cursor, 1)) + 1;
}

// @ts-ignore: decorator
@inline
function opcodeBytes(byte: u32): u32 {
  return isLongZeros(byte) ? 2 : 1;
}

function writeZeros(address: usize, run: u32): u32 {
  if (run <= SHORT_RUN_MAXIMUM) {
    store<u8>(address, <u8>(run - 1));
    return 1;
  }
  store<u8>(address, <u8>(0x40 | ((run - 1) >> 8)));
  store<u8>(address, <u8>(run - 1), 1);
  return 2;
}

// @ts-ignore: decorator
@inline
function writeValue(address: usize, rank: u32, run: u32): u32 {
  store<u8>(address, <u8>(0x80 | ((rank - 1) << 2) | (run - 1)));
  return 1;
}

/** A run as it was: zeros, or `rank` again. */
function writeRun(address: usize, rank: u32, run: u32): u32 {
  if (!run) return 0;
  return rank ? writeValue(address, rank, run) : writeZeros(address, run);
}

/** Writes the dense form of a sparse value to `target`; false when the value is corrupt. */
export function makeDense(address: usize, bytes: u32, target: usize): bool {
  memory.copy(target, address, HEADER_BYTES);
  store<u8>(target, DENSE, 4);
  memory.fill(target + HEADER_BYTES, 0, DENSE_BYTES - HEADER_BYTES);
  const end = address + bytes;
  let index: u32 = 0;
  for (let cursor = address + HEADER_BYTES; cursor < end; ) {
    const run = runAt(cursor, end);
    const byte: u32 = load<u8>(cursor);
    if (!run || run > REGISTERS - index) return false;
    if (isValue(byte)) {
      for (let left = run; left; left--) setDenseRegister(target, index++, rankIn(byte));
    } else {
      index += run;
    }
    cursor += opcodeBytes(byte);
  }
  return index == REGISTERS;
}

/** Makes the value at hand dense and raises a register. */
function promote(at: Work, index: u32, rank: u32): Added {
  if (!makeDense(at.address, at.bytes, at.dense)) return Added.CORRUPT;
  at.address = at.dense;
  at.bytes = DENSE_BYTES;
  setDenseRegister(at.address, index, rank);
  return Added.CHANGED;
}

/** Raises a register of the value at hand, whatever its form. */
export function addToWork(at: Work, index: u32, rank: u32): Added {
  if (!isSparse(at.address)) {
    return addDense(at.address, index, rank) ? Added.CHANGED : Added.SAME;
  }
  if (rank > SPARSE_RANK_MAXIMUM) return promote(at, index, rank);
  return addSparse(at, index, rank);
}

function addSparse(at: Work, index: u32, rank: u32): Added {
  const end = at.address + at.bytes;
  let cursor = at.address + HEADER_BYTES;
  let before = cursor;
  let first: u32 = 0;
  let run: u32 = 0;
  for (; cursor < end; cursor += opcodeBytes(load<u8>(cursor))) {
    run = runAt(cursor, end);
    if (!run) return Added.CORRUPT;
    if (index - first < run) break;
    before = cursor;
    first += run;
  }
  if (cursor >= end) return Added.CORRUPT;
  const byte: u32 = load<u8>(cursor);
  const old = isValue(byte) ? rankIn(byte) : 0;
  if (old >= rank) return Added.SAME;
  if (run == 1 && !isLongZeros(byte)) {
    writeValue(cursor, rank, 1);
  } else if (!splitRun(at, cursor, old, rank, index - first, first + run - 1 - index)) {
    return promote(at, index, rank);
  }
  joinValues(at, before);
  return Added.CHANGED;
}

/**
 * Replaces the run at `cursor` by what lies before the register, the register and what lies behind;
 * false when the value would grow too long.
 */
function splitRun(
  at: Work, cursor: usize, old: u32, rank: u32, registersBefore: u32, registersBehind: u32,
): bool {
  const sequence = changetype<usize>(at) + offsetof<Work>("sequence");
  let bytes = writeRun(sequence, old, registersBefore);
  bytes += writeValue(sequence + bytes, rank, 1);
  bytes += writeRun(sequence + bytes, old, registersBehind);
  const replaced = opcodeBytes(load<u8>(cursor));
  const length = at.bytes + bytes - replaced;
  if (bytes > replaced && length > min(at.limit, SPARSE_BYTES_MAXIMUM)) return false;
  const next = cursor + replaced;
  memory.copy(cursor + bytes, next, at.address + at.bytes - next);
  memory.copy(cursor, sequence, bytes);
  at.bytes = length;
  return true;
}

/** Joins neighbours of the same rank, looking at five opcodes from `cursor` on. */
function joinValues(at: Work, cursor: usize): void {
  let end = at.address + at.bytes;
  for (let left = 5; left && cursor < end; left--) {
    const byte: u32 = load<u8>(cursor);
    if (isValue(byte) && end - cursor > 1) {
      const next: u32 = load<u8>(cursor, 1);
      const run = (byte & 3) + (next & 3) + 2;
      if (byte >> 2 == next >> 2 && run <= VALUE_RUN_MAXIMUM) {
        writeValue(cursor + 1, rankIn(byte), run);
        memory.copy(cursor, cursor + 1, end - cursor - 1);
        end -= 1;
        at.bytes -= 1;
        continue;
      }
    }
    cursor += opcodeBytes(byte);
  }
}

/** Joins the registers of a sparse value into bytes; false when the value is corrupt. */
function uniteSparse(address: usize, bytes: u32, registers: usize): bool {
  const end = address + bytes;
  let index: u32 = 0;
  for (let cursor = address + HEADER_BYTES; cursor < end; ) {
    const run = runAt(cursor, end);
    const byte: u32 = load<u8>(cursor);
    if (!run || run > REGISTERS - index) return false;
    if (isValue(byte)) {
      const rank = rankIn(byte);
      for (let at = index; at < index + run; at++) {
        if (load<u8>(registers + at) < rank) store<u8>(registers + at, <u8>rank);
      }
    }
    index += run;
    cursor += opcodeBytes(byte);
  }
  return index == REGISTERS;
}

/** Writes the runs as text, "Z:100 v:3,1 z:5", to `target`; returns its length. */
export function describeSparse(address: usize, bytes: u32, target: usize): u32 {
  const end = address + bytes;
  let out = target;
  for (let cursor = address + HEADER_BYTES; cursor < end; ) {
    const byte: u32 = load<u8>(cursor);
    const run = runAt(cursor, end);
    store<u8>(out, isValue(byte) ? 0x76 : isLongZeros(byte) ? 0x5a : 0x7a);
    store<u8>(out, 0x3a, 1);
    out += 2;
    if (isValue(byte)) {
      out += writeUnsigned(out, rankIn(byte));
      store<u8>(out++, 0x2c);
    }
    out += writeUnsigned(out, run);
    store<u8>(out++, 0x20);
    cursor += opcodeBytes(byte);
  }
  return out == target ? 0 : <u32>(out - target) - 1;
}

// ---- Counting ----------------------------------------------------------------------------------

/** Joins a value into REGISTERS bytes; false when it is corrupt. */
export function unite(address: usize, bytes: u32, registers: usize): bool {
  if (isSparse(address)) return uniteSparse(address, bytes, registers);
  uniteDense(address, registers);
  return true;
}

/** The estimate for REGISTERS bytes. `counts` has room for 64 words. */
export function estimate(registers: usize, counts: usize): u64 {
  memory.fill(counts, 0, 256);
  for (let index: u32 = 0; index < REGISTERS; index += 8) {
    let word = load<u64>(registers + index);
    for (let byte = 0; byte < 8; byte++) {
      const at = counts + ((<usize>word & 63) << 2);
      store<u32>(at, load<u32>(at) + 1);
      word >>= 8;
    }
  }
  return estimateFrom(counts);
}

/** The estimate when word k of `counts` says how many registers are k. */
function estimateFrom(counts: usize): u64 {
  const all: f64 = REGISTERS;
  let sum = all * tau((all - <f64>load<u32>(counts, (51) << 2)) / all);
  for (let rank: usize = RUN_BITS; rank; rank--) {
    sum = (sum + <f64>load<u32>(counts + (rank << 2))) * 0.5;
  }
  sum += all * sigma(<f64>load<u32>(counts) / all);
  const exact = 0.721347520444481703680 * all * all / sum;
  const below = floor<f64>(exact);
  return <u64>below + u64(exact - below >= 0.5);
}

/** Share of the registers that are full: the correction for very large numbers. */
function tau(x: f64): f64 {
  if (x == 0 || x == 1) return 0;
  let weight: f64 = 1;
  let sum = 1 - x;
  for (let before = -1.0; before != sum; ) {
    x = sqrt<f64>(x);
    before = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

/** Share of the registers that are empty: the correction for small numbers. */
function sigma(x: f64): f64 {
  if (x == 1) return Infinity;
  let weight: f64 = 1;
  let sum = x;
  for (let before = -1.0; before != sum; ) {
    x *= x;
    before = sum;
    sum += x * weight;
    weight += weight;
  }
  return sum;
}

/** 0, or the number of the first invariant that a value breaks: 1 its header, 2 its runs. */
export function validateHyperLogLog(address: usize, bytes: u32): i32 {
  if (!isHyperLogLog(address, bytes)) return 1;
  if (!isSparse(address)) return 0;
  const end = address + bytes;
  let index: u32 = 0;
  for (let cursor = address + HEADER_BYTES; cursor < end; ) {
    const run = runAt(cursor, end);
    if (!run || run > REGISTERS - index) return 2;
    index += run;
    cursor += opcodeBytes(load<u8>(cursor));
  }
  return index == REGISTERS ? 0 : 2;
}
