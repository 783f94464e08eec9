/**
 * Stable sorting of references to records of the caller's.
 *
 * Bottom up: runs of RUN references are put in order by insertion, then merged from one half of the
 * room into the other until one run is left. There is no recursion and no bad case: n log n
 * comparisons at most.
 *
 * A record's class T says by `isBehind(other)` whether it belongs strictly behind another.
 */

const RUN: u32 = 8;

// @ts-ignore: decorator
@inline
function at(references: usize, index: u32): usize {
  return references + (<usize>index << 2);
}

/**
 * Sorts `count` references. `spare` is room for as many; the answer is where the sorted ones lie,
 * which is one of the two.
 */
export function sortReferences<T>(references: usize, spare: usize, count: u32): usize {
  for (let start: u32 = 0; start < count; start += RUN) {
    insertRun<T>(references, start, min(start + RUN, count));
  }
  let from = references;
  let to = spare;
  for (let run: u32 = RUN; run < count; run <<= 1) {
    for (let start: u32 = 0; start < count; start += run << 1) {
      const middle = min(start + run, count);
      mergeRuns<T>(from, to, start, middle, min(middle + run, count));
    }
    const swapped = from;
    from = to;
    to = swapped;
  }
  return from;
}

function insertRun<T>(references: usize, start: u32, end: u32): void {
  for (let index = start + 1; index < end; index++) {
    const own = load<u32>(at(references, index));
    let place = index;
    while (place > start) {
      const before = load<u32>(at(references, place - 1));
      if (!changetype<T>(<usize>before).isBehind(changetype<T>(<usize>own))) break;
      store<u32>(at(references, place), before);
      place -= 1;
    }
    store<u32>(at(references, place), own);
  }
}

function mergeRuns<T>(from: usize, to: usize, start: u32, middle: u32, end: u32): void {
  let left = start;
  let right = middle;
  let place = start;
  while (left < middle && right < end) {
    const first = load<u32>(at(from, left));
    const second = load<u32>(at(from, right));
    const takesSecond = changetype<T>(<usize>first).isBehind(changetype<T>(<usize>second));
    store<u32>(at(to, place), takesSecond ? second : first);
    if (takesSecond) right += 1;
    else left += 1;
    place += 1;
  }
  memory.copy(at(to, place), at(from, left), <usize>(middle - left) << 2);
  place += middle - left;
  memory.copy(at(to, place), at(from, right), <usize>(end - right) << 2);
}
