/** What hears of changed keys: watches and caches of clients. */

import { Interest, interests } from "../keyspace/changes";
import { trackChange } from "./tracking";
import { markWatches } from "./watches";

/** Called for each changed key while anybody is interested. */
export function hearChange(number: u32, key: usize, bytes: u32): void {
  const interested = interests();
  if (interested & Interest.WATCHES) markWatches(number, key, bytes);
  if (interested & Interest.TRACKING) trackChange(key, bytes);
}
