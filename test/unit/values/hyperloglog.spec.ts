import { SCRATCH } from "../../../assembly/abi";
import {
  Added, DENSE_BYTES, REGISTERS, SPARSE_BYTES_MAXIMUM, addDense, addToWork, denseRegister, estimate,
  isSparse, makeDense, packRegisters, setDenseRegister, unite, validateHyperLogLog, work,
  writeEmpty,
} from "../../../assembly/values/hyperloglog";
import { Random } from "../memory/heap-model";

const SEED: u32 = 8_128;
const SPARSE: usize = SCRATCH;
const DENSE: usize = SCRATCH + 0x10000;
const UNITED: usize = SCRATCH + 0x20000;
const COUNTS: usize = SCRATCH + 0x30000;
const OTHER: usize = SCRATCH + 0x40000;

function openWork(limit: u32): void {
  const at = work();
  at.address = SPARSE;
  at.dense = DENSE;
  at.limit = limit;
  at.bytes = writeEmpty(SPARSE);
}

function checkAgainst(model: StaticArray<u8>, ends: i32): void {
  const at = work();
  const broken = validateHyperLogLog(at.address, at.bytes);
  assert(broken == 0, "broken invariant " + broken.toString() + ", seed " + SEED.toString());
  memory.fill(UNITED, 0, REGISTERS);
  assert(unite(at.address, at.bytes, UNITED), "a sound value is united");
  for (let index = 0; index < <i32>REGISTERS; index += ends) {
    assert(load<u8>(UNITED + index) == model[index], "register " + index.toString());
  }
}

/** Random registers raised, in a few places or everywhere, against a byte for each. */
function raiseRounds(seed: u32, rounds: i32, limit: u32, spread: u32, rankMost: u32): void {
  const random = new Random(seed);
  const model = new StaticArray<u8>(REGISTERS);
  const base = random.below(REGISTERS - spread + 1);
  openWork(limit);
  for (let round = 0; round < rounds; round++) {
    const index = base + random.below(spread);
    const rank: u32 = random.below(rankMost) + 1;
    const added = addToWork(work(), index, rank);
    assert(added == (<u32>model[index] < rank ? Added.CHANGED : Added.SAME), "what adding came to");
    if (<u32>model[index] < rank) model[index] = <u8>rank;
    assert(isSparse(work().address) == (work().address == SPARSE), "where the value is");
    assert(!isSparse(work().address) || work().bytes <= max<u32>(limit, 18), "sparse and short");
    if (round % 97 == 0) checkAgainst(model, 1);
  }
  checkAgainst(model, 1);
}

function denseRounds(): void {
  const random = new Random(SEED);
  const model = new StaticArray<u8>(REGISTERS);
  memory.fill(DENSE, 0, DENSE_BYTES);
  store<u32>(DENSE + DENSE_BYTES, 0xabcdef01);
  for (let round = 0; round < 40_000; round++) {
    const index = random.below(REGISTERS);
    const rank = random.below(64);
    setDenseRegister(DENSE, index, rank);
    model[index] = <u8>rank;
  }
  setDenseRegister(DENSE, REGISTERS - 1, 63);
  model[REGISTERS - 1] = 63;
  assert(load<u32>(DENSE + DENSE_BYTES) == 0xabcdef01, "nothing is written behind the registers");
  memory.fill(UNITED, 0, REGISTERS);
  unite(DENSE, DENSE_BYTES, UNITED);
  for (let index: u32 = 0; index < REGISTERS; index++) {
    assert(denseRegister(DENSE, index) == model[index], "register " + index.toString());
    assert(load<u8>(UNITED + index) == model[index], "unpacked " + index.toString());
  }
  memory.copy(OTHER, DENSE, 16);
  packRegisters(OTHER, UNITED);
  assert(memory.compare(OTHER, DENSE, DENSE_BYTES) == 0, "packed again");
}

/** Whether these runs behind a header are refused by everything that walks them. */
function isRefused(runs: StaticArray<u8>): bool {
  const bytes = writeEmpty(SPARSE) - 2 + runs.length;
  for (let at = 0; at < runs.length; at++) store<u8>(SPARSE + 16 + at, runs[at]);
  memory.fill(UNITED, 0, REGISTERS);
  return validateHyperLogLog(SPARSE, bytes) == 2 && !unite(SPARSE, bytes, UNITED)
    && !makeDense(SPARSE, bytes, DENSE);
}

describe("a HyperLogLog", () => {
  it("has its registers in 6 bits each", () => {
    denseRounds();
  });

  it("raises registers of a sparse value", () => {
    raiseRounds(SEED, 3000, SPARSE_BYTES_MAXIMUM, REGISTERS, 32);
    raiseRounds(SEED + 1, 1000, SPARSE_BYTES_MAXIMUM, 40, 3);
    raiseRounds(SEED + 2, 1500, SPARSE_BYTES_MAXIMUM, 600, 2);
  });

  it("becomes dense when it grows too long or a register too high", () => {
    raiseRounds(SEED + 3, 3000, 3000, REGISTERS, 20);
    raiseRounds(SEED + 4, 500, 3000, REGISTERS, 51);
    raiseRounds(SEED + 5, 200, 0, REGISTERS, 5);
    raiseRounds(SEED + 6, 400, 40, 300, 9);
  });

  it("is refused when its runs do not cover the registers", () => {
    expect(isRefused([])).toBe(true);
    expect(isRefused([0x7f])).toBe(true);
    expect(isRefused([0x7f, 0xfe])).toBe(true);
    expect(isRefused([0x7f, 0xff, 0x00])).toBe(true);
    expect(isRefused([0x83, 0x83])).toBe(true);
    expect(isRefused([0x7f, 0xff, 0x7f, 0xff])).toBe(true);
    expect(isRefused([0x7f, 0xfe, 0x80])).toBe(false);
  });

  it("tells that a register is beyond the runs", () => {
    openWork(3000);
    store<u8>(SPARSE + 16, 0x40);
    expect(addToWork(work(), 300, 5)).toBe(Added.CORRUPT);
  });

  it("estimates nothing as nothing, and full registers as very much", () => {
    memory.fill(UNITED, 0, REGISTERS);
    expect(estimate(UNITED, COUNTS)).toBe(0);
    memory.fill(UNITED, 51, REGISTERS);
    expect(estimate(UNITED, COUNTS) > 1_000_000_000_000_000_000).toBe(true);
    memory.fill(DENSE, 0, DENSE_BYTES);
    expect(addDense(DENSE, 7, 1)).toBe(true);
    expect(addDense(DENSE, 7, 1)).toBe(false);
    memory.fill(UNITED, 0, REGISTERS);
    unite(DENSE, DENSE_BYTES, UNITED);
    expect(estimate(UNITED, COUNTS)).toBe(1);
  });
});
