/**
 * Stretches of straight code in which several stores go through one local: their pages need one
 * check, at the first of them.
 *
 * A stretch is a run of neighbours in a block that only compute, load, set locals and store: no
 * call, no branch and no place to jump to. It ends for a local where that is set. Its stores may
 * span a page at most, so that their bytes lie in two pages.
 */
import binaryen from "binaryen";
import { childrenOf } from "./expressions.mjs";

/** Stands for "an earlier check covers this store". */
export const COVERED = Symbol("covered");

/** Kinds that neither write memory nor leave the straight path. */
const STRAIGHT = new Set([
  binaryen.NopId,
  binaryen.LocalGetId,
  binaryen.LocalSetId,
  binaryen.GlobalGetId,
  binaryen.LoadId,
  binaryen.ConstId,
  binaryen.UnaryId,
  binaryen.BinaryId,
  binaryen.SelectId,
  binaryen.DropId,
  binaryen.SIMDExtractId,
  binaryen.SIMDReplaceId,
  binaryen.SIMDShuffleId,
  binaryen.SIMDTernaryId,
  binaryen.SIMDShiftId,
  binaryen.SIMDLoadId,
]);

/**
 * Fills `spans`: for the first store of each stretch the bytes that its check must cover, counted
 * from the local, for the others COVERED. Stores that stand alone are left out.
 *
 * @param {number} body expression
 * @param {number} mostBytes of a span
 * @param {Map<number, {low: number, bytes: number} | symbol>} spans
 */
export function findStretches(body, mostBytes, spans) {
  if (binaryen.getExpressionId(body) === binaryen.BlockId) findInBlock(body, mostBytes, spans);
  for (const { expression } of childrenOf(body)) findStretches(expression, mostBytes, spans);
}

function findInBlock(block, mostBytes, spans) {
  /** The stretch that goes on, by local. */
  const open = new Map();
  for (const { expression } of childrenOf(block)) {
    const pointer = localOfStore(expression);
    const parts = pointer === undefined ? [expression] : operandsOf(expression);
    if (!parts.every(isStraight)) {
      open.clear();
      continue;
    }
    for (const local of open.keys()) {
      if (parts.some((part) => setsLocal(part, local))) open.delete(local);
    }
    if (pointer === undefined) continue;
    const low = binaryen.Store.getOffset(expression);
    const end = low + binaryen.Store.getBytes(expression);
    const span = extended(open.get(pointer), low, end, mostBytes);
    open.set(pointer, span);
    spans.set(expression, span.first === undefined ? span : COVERED);
    span.first ??= expression;
  }
}

/** The span with these bytes too when it may have them, else a new one. */
function extended(span, low, end, mostBytes) {
  const fresh = { low, bytes: end - low, first: undefined };
  if (span === undefined) return fresh;
  const both = { low: Math.min(span.low, low), end: Math.max(span.low + span.bytes, end) };
  if (both.end - both.low > mostBytes) return fresh;
  span.low = both.low;
  span.bytes = both.end - both.low;
  return span;
}

/** The local that a plain store goes through and that its value leaves alone. */
function localOfStore(expression) {
  if (binaryen.getExpressionId(expression) !== binaryen.StoreId) return undefined;
  const pointer = binaryen.Store.getPtr(expression);
  const id = binaryen.getExpressionId(pointer);
  if (id !== binaryen.LocalGetId && id !== binaryen.LocalSetId) return undefined;
  const kind = id === binaryen.LocalGetId ? binaryen.LocalGet : binaryen.LocalSet;
  const local = kind.getIndex(pointer);
  return setsLocal(binaryen.Store.getValue(expression), local) ? undefined : local;
}

function operandsOf(store) {
  return [binaryen.Store.getPtr(store), binaryen.Store.getValue(store)];
}

function isStraight(expression) {
  return (
    STRAIGHT.has(binaryen.getExpressionId(expression)) &&
    childrenOf(expression).every((child) => isStraight(child.expression))
  );
}

/** Whether evaluating an expression sets a local. */
export function setsLocal(expression, local) {
  if (
    binaryen.getExpressionId(expression) === binaryen.LocalSetId &&
    binaryen.LocalSet.getIndex(expression) === local
  ) {
    return true;
  }
  return childrenOf(expression).some((child) => setsLocal(child.expression, local));
}
