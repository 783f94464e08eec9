/**
 * Glob patterns as Redis understands them.
 *
 *   *        any bytes, also none          ?        any one byte
 *   [abc]    one of                        [^abc]   none of
 *   [a-z]    a range, ends in any order    \x       the byte x itself, also inside [ ]
 *
 * A class that is not closed ends with the pattern. Bytes of 128 and more are negative in ranges,
 * as C's char is on x86, which shows when a range joins them with ASCII.
 *
 * Every element other than the star matches exactly one byte. So when the part behind a star fails,
 * only the latest star need be tried further on: what an earlier star could change is a later
 * start, and from there the same part would have to match, which was just refuted. One loop with
 * one place to fall back to does it: no recursion, at most pattern times text steps. Redis recurses
 * once per star and answers "no match" past 1,000 of them; so do we.
 */

import { lowerByte } from "./case";

const STARS_MAX: i32 = 1000;

const STAR: u32 = 0x2a;
const QUESTION: u32 = 0x3f;
const OPEN: u32 = 0x5b;
const CLOSE: u32 = 0x5d;
const BACKSLASH: u32 = 0x5c;
const CARET: u32 = 0x5e;
const DASH: u32 = 0x2d;

// @ts-ignore: decorator
@inline
function isSame(left: u32, right: u32, ignoreCase: bool): bool {
  return left == right || (ignoreCase && lowerByte(left) == lowerByte(right));
}

/** Range ends and byte as signed chars; case is folded after the ends have been put in order. */
function isInRange(first: u32, last: u32, byte: u32, ignoreCase: bool): bool {
  const one = <i32>extend8(first);
  const two = <i32>extend8(last);
  let low = min(one, two);
  let high = max(one, two);
  let tested = <i32>extend8(byte);
  if (ignoreCase) {
    low = <i32>lowerByte(<u32>low);
    high = <i32>lowerByte(<u32>high);
    tested = <i32>lowerByte(<u32>tested);
  }
  return tested >= low && tested <= high;
}

// @ts-ignore: decorator
@inline
function extend8(byte: u32): i32 {
  return <i32>(<i8>byte);
}

/**
 * Matches `byte` against the class whose "[" is at `pattern`. Returns where the pattern goes on, or
 * 0 when the byte does not match.
 */
function matchClass(pattern: usize, end: usize, byte: u32, ignoreCase: bool): usize {
  let at = pattern + 1;
  const isNegated = at < end && <u32>load<u8>(at) == CARET;
  if (isNegated) at += 1;
  let isMatch = false;
  while (at < end) {
    const char = <u32>load<u8>(at);
    const left = end - at;
    if (char == BACKSLASH && left >= 2) {
      if (<u32>load<u8>(at, 1) == byte) isMatch = true;
      at += 2;
    } else if (char == CLOSE) {
      at += 1;
      break;
    } else if (left >= 3 && <u32>load<u8>(at, 1) == DASH) {
      if (isInRange(char, <u32>load<u8>(at, 2), byte, ignoreCase)) isMatch = true;
      at += 3;
    } else {
      if (isSame(char, byte, ignoreCase)) isMatch = true;
      at += 1;
    }
  }
  return isMatch != isNegated ? at : 0;
}

/**
 * Matches `byte` against the element at `pattern`, which is not a star. Returns where the pattern
 * goes on, or 0 when the byte does not match.
 */
// @ts-ignore: decorator
@inline
function matchElement(pattern: usize, end: usize, byte: u32, ignoreCase: bool): usize {
  let char = <u32>load<u8>(pattern);
  let at = pattern;
  if (char == QUESTION) return at + 1;
  if (char == OPEN) return matchClass(at, end, byte, ignoreCase);
  if (char == BACKSLASH && end - at >= 2) {
    at += 1;
    char = <u32>load<u8>(at);
  }
  return isSame(char, byte, ignoreCase) ? at + 1 : 0;
}

// @ts-ignore: decorator
@inline
function skipStars(pattern: usize, end: usize): usize {
  let at = pattern;
  while (at < end && <u32>load<u8>(at) == STAR) at += 1;
  return at;
}

/** Does the whole text match the pattern? */
export function matchGlob(
  pattern: usize,
  patternBytes: i32,
  text: usize,
  textBytes: i32,
  ignoreCase: bool,
): bool {
  const patternEnd = pattern + <usize>patternBytes;
  const textEnd = text + <usize>textBytes;
  let at = pattern;
  let read = text;
  let retryPattern: usize = 0;
  let retryText: usize = 0;
  let stars = 0;
  if (textBytes == 0) return patternBytes == 0;
  while (true) {
    if (read == textEnd) return skipStars(at, patternEnd) == patternEnd;
    if (at < patternEnd) {
      if (<u32>load<u8>(at) == STAR) {
        at = skipStars(at, patternEnd);
        if (at == patternEnd) return true;
        if (++stars > STARS_MAX) return false;
        retryPattern = at;
        retryText = read;
      }
      const next = matchElement(at, patternEnd, <u32>load<u8>(read), ignoreCase);
      if (next != 0) {
        at = next;
        read += 1;
        continue;
      }
    }
    if (retryPattern == 0) return false;
    retryText += 1;
    read = retryText;
    at = retryPattern;
  }
}
