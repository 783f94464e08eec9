import {
  Arena, allocate, arenaOf, reallocate, release, usableBytes, usedBytes, usedBytesOf,
} from "../../../assembly/memory/allocator";
import { validateHeap } from "../../../assembly/memory/validate-heap";

/** Random numbers that depend on a seed alone. */
export class Random {
  /** Two size classes only: long lists of slabs. */
  narrow: bool = false;

  constructor(public state: u32) {}

  next(): u32 {
    let x = this.state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return (this.state = x);
  }

  below(limit: u32): u32 {
    return this.next() % limit;
  }

  /** Small sizes most of the time, now and then pages, rarely many pages. */
  size(): u32 {
    if (this.narrow) return this.below(2) ? 500 : 6000;
    const kind = this.below(100);
    if (kind < 60) return this.below(130);
    if (kind < 80) return this.below(1100);
    if (kind < 92) return this.below(9000);
    if (kind < 99) return this.below(100_000);
    return this.below(1_500_000);
  }
}

/** Every live block with its arena and bytes, filled with a pattern of its own. */
export class HeapModel {
  addresses: usize[] = [];
  arenas: i32[] = [];
  bytes: u32[] = [];
  seeds: u32[] = [];
  random: Random;

  constructor(seed: u32) {
    this.random = new Random(seed);
  }

  add(arena: i32, bytes: u32): void {
    const address = allocate(arena, bytes);
    assert(usableBytes(address) >= bytes, "too small");
    assert(address % 4 == 0, "unaligned");
    this.addresses.push(address);
    this.arenas.push(arena);
    this.bytes.push(usableBytes(address));
    this.seeds.push(this.random.next());
    this.fill(this.addresses.length - 1);
  }

  /** The whole usable range is written, so that an overlap destroys a pattern. */
  fill(index: i32): void {
    const address = this.addresses[index];
    const seed = this.seeds[index];
    const bytes = this.bytes[index];
    for (let place: u32 = 0; place < bytes; place += 4) {
      store<u32>(address + place, seed + place);
    }
  }

  holds(index: i32, bytes: u32): bool {
    const address = this.addresses[index];
    const seed = this.seeds[index];
    for (let place: u32 = 0; place + 4 <= bytes; place += 4) {
      if (load<u32>(address + place) != seed + place) return false;
    }
    return true;
  }

  drop(index: i32): void {
    assert(this.holds(index, this.bytes[index]), "content lost");
    assert(arenaOf(this.addresses[index]) == this.arenas[index], "arena lost");
    release(this.addresses[index]);
    this.forget(index);
  }

  forget(index: i32): void {
    const last = this.addresses.length - 1;
    this.addresses[index] = this.addresses[last];
    this.arenas[index] = this.arenas[last];
    this.bytes[index] = this.bytes[last];
    this.seeds[index] = this.seeds[last];
    this.addresses.pop();
    this.arenas.pop();
    this.bytes.pop();
    this.seeds.pop();
  }

  resize(index: i32, bytes: u32): void {
    const before = this.bytes[index];
    const address = reallocate(this.addresses[index], bytes);
    this.addresses[index] = address;
    this.bytes[index] = usableBytes(address);
    assert(usableBytes(address) >= bytes, "too small");
    assert(arenaOf(address) == this.arenas[index], "arena lost");
    assert(this.holds(index, min(before, bytes)), "content lost");
    this.fill(index);
  }

  dropAll(): void {
    while (this.addresses.length) this.drop(this.addresses.length - 1);
  }

  checkAll(): void {
    for (let index = 0; index < this.addresses.length; index++) {
      assert(this.holds(index, this.bytes[index]), "content lost");
    }
  }

  sum(arena: i32): f64 {
    let sum: f64 = 0;
    for (let index = 0; index < this.addresses.length; index++) {
      if (this.arenas[index] == arena) sum += this.bytes[index] as f64;
    }
    return sum;
  }

  checkAccounts(): void {
    assert(usedBytesOf(Arena.DATA) == this.sum(0), "DATA bytes");
    assert(usedBytesOf(Arena.SERVER) == this.sum(1), "SERVER bytes");
    assert(usedBytes() == this.sum(0) + this.sum(1), "bytes in use");
  }

  /** One random operation; `target` blocks are kept alive in the long run. */
  step(target: u32): void {
    const count = this.addresses.length as u32;
    const choice = this.random.below(100);
    if (count && choice < 20) this.resize(this.random.below(count), this.random.size());
    else if (count && this.random.below(2 * target) < count) this.drop(this.random.below(count));
    else this.add(this.random.below(2), this.random.size());
  }

  run(steps: i32, target: u32): void {
    for (let step = 0; step < steps; step++) {
      this.step(target);
      const broken = validateHeap();
      assert(broken == 0, "invariant " + broken.toString() + " at step " + step.toString());
    }
    this.checkAll();
    this.checkAccounts();
  }
}
