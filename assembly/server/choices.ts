/** The words that a parameter may be set to: one literal, words separated by single spaces. */

import { TextBuilder, builderByte } from "../text/builder";
import { lowerByte } from "../text/case";

/** Start of word `index` of a list separated by spaces, -1 past the last one. */
function wordStart(words: string, index: i32): i32 {
  let at = 0;
  for (let i = 0; i < index; i++) {
    at = words.indexOf(" ", at);
    if (at < 0) return -1;
    at += 1;
  }
  return at < words.length ? at : -1;
}

function wordEnd(words: string, start: i32): i32 {
  const end = words.indexOf(" ", start);
  return end < 0 ? words.length : end;
}

/** Place of a word, case ignored, among the words of `choices`; -1 when it is none. */
export function choiceIndex(words: string, address: usize, bytes: u32): i32 {
  let index = 0;
  for (let start = 0; start >= 0; start = wordStart(words, index)) {
    let same = <u32>(wordEnd(words, start) - start) == bytes;
    for (let i: u32 = 0; i < bytes && same; i++) {
      same = lowerByte(load<u8>(address + i)) == <u32>words.charCodeAt(start + i);
    }
    if (same) return index;
    index += 1;
  }
  return -1;
}

/** Appends the word at `index`. */
export function choiceText(words: string, index: i32, out: TextBuilder): void {
  const start = wordStart(words, index);
  const end = wordEnd(words, start);
  for (let i = start; i < end; i++) builderByte(out, words.charCodeAt(i));
}
