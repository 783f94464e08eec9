/**
 * Steps: what one call of the host touches besides the bytes that it was given or asked for.
 *
 * No command may pause for a table's resize or a search of the heap. So whatever visits a number of
 * places that could grow with the data set counts them: buckets split or merged and the elements in
 * them, free runs looked at, page table entries labelled, cache lines moved by `reallocate`. The
 * most that one call has taken stands in the exchange record, and a test bounds it. All of these
 * are rare, so counting costs the ordinary command nothing.
 */

import { EXCHANGE, Exchange } from "../abi";

/** Adds to the steps of the current call. */
// @ts-ignore: decorator
@inline
export function countSteps(steps: u32): void {
  store<u32>(EXCHANGE, load<u32>(EXCHANGE, Exchange.STEPS) + steps, Exchange.STEPS);
}

/** The call is over: keeps the peak and begins anew. */
// @ts-ignore: decorator
@inline
export function settleSteps(): void {
  const steps = load<u32>(EXCHANGE, Exchange.STEPS);
  if (!steps) return;
  store<u32>(EXCHANGE, 0, Exchange.STEPS);
  if (steps > load<u32>(EXCHANGE, Exchange.STEPS_PEAK)) {
    store<u32>(EXCHANGE, steps, Exchange.STEPS_PEAK);
  }
}
