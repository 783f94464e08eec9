/**
 * Replies that are one text put together from pieces: begun with `newText`, answered and freed by
 * `replyText`. The builder lies in scratch memory, so the caller takes a mark before and releases
 * it afterwards. A text for which memory was short is answered as an error.
 */

import { scratchTake } from "../memory/scratch";
import { OUT_OF_MEMORY } from "../protocol/errors";
import { replyError, replyVerbatim } from "../protocol/reply";
import { TEXT_BUILDER_BYTES, TextBuilder, builderFree, builderStart } from "../text/builder";

/** An empty text. */
export function newText(): TextBuilder {
  const text = changetype<TextBuilder>(scratchTake(TEXT_BUILDER_BYTES));
  builderStart(text);
  return text;
}

/** Answers a text and frees it. */
export function replyText(text: TextBuilder): void {
  if (text.isIncomplete) replyError(OUT_OF_MEMORY);
  else replyVerbatim("txt", text.address, text.bytes);
  builderFree(text);
}
