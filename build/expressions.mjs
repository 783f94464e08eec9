/**
 * Children of a binaryen expression, to read and to replace: what the write-barrier pass walks by.
 *
 * binaryen.js has no visitor, so this is a table from each kind of expression to the accessors of
 * its operands, in evaluation order. A kind that is not listed stops the build: a write could hide
 * below it.
 */
import binaryen from "binaryen";

/** Kinds by name: the names of their operand accessors; "*" stands for a list of operands. */
const OPERANDS = {
  Nop: [],
  Block: ["*Child"],
  If: ["Condition", "IfTrue", "IfFalse"],
  Loop: ["Body"],
  Break: ["Value", "Condition"],
  Switch: ["Value", "Condition"],
  Call: ["*Operand"],
  CallIndirect: ["*Operand", "Target"],
  LocalGet: [],
  LocalSet: ["Value"],
  GlobalGet: [],
  GlobalSet: ["Value"],
  Load: ["Ptr"],
  Store: ["Ptr", "Value"],
  AtomicRMW: ["Ptr", "Value"],
  AtomicCmpxchg: ["Ptr", "Expected", "Replacement"],
  AtomicWait: ["Ptr", "Expected", "Timeout"],
  AtomicNotify: ["Ptr", "NotifyCount"],
  AtomicFence: [],
  Const: [],
  Unary: ["Value"],
  Binary: ["Left", "Right"],
  Select: ["IfTrue", "IfFalse", "Condition"],
  Drop: ["Value"],
  Return: ["Value"],
  MemorySize: [],
  MemoryGrow: ["Delta"],
  Unreachable: [],
  SIMDExtract: ["Vec"],
  SIMDReplace: ["Vec", "Value"],
  SIMDShuffle: ["Left", "Right"],
  SIMDTernary: ["A", "B", "C"],
  SIMDShift: ["Vec", "Shift"],
  SIMDLoad: ["Ptr"],
  SIMDLoadStoreLane: ["Ptr", "Vec"],
  MemoryInit: ["Dest", "Offset", "Size"],
  DataDrop: [],
  MemoryCopy: ["Dest", "Source", "Size"],
  MemoryFill: ["Dest", "Value", "Size"],
  TupleMake: ["*Operand"],
  TupleExtract: ["Tuple"],
};

/** Plural of the list accessors: getNumChildren, getNumOperands. */
const PLURALS = { Child: "Children", Operand: "Operands" };

const NAMES_BY_ID = new Map(
  Object.keys(binaryen)
    .filter((key) => key.endsWith("Id") && typeof binaryen[key] === "number")
    .map((key) => [binaryen[key], key.slice(0, -2)]),
);

/**
 * The operands of an expression in evaluation order, absent ones left out.
 *
 * @returns {{expression: number, replace: (other: number) => void}[]}
 */
export function childrenOf(expression) {
  const name = NAMES_BY_ID.get(binaryen.getExpressionId(expression));
  const operands = OPERANDS[name];
  if (!operands) throw new Error(`barrier: cannot look into ${kindName(expression)}`);
  const kind = binaryen[name];
  return operands.flatMap((operand) =>
    operand.startsWith("*")
      ? listOf(kind, operand.slice(1), expression)
      : singleOf(kind, operand, expression),
  );
}

function listOf(kind, operand, expression) {
  const children = [];
  const count = kind[`getNum${PLURALS[operand]}`](expression);
  for (let index = 0; index < count; index++) {
    children.push({
      expression: kind[`get${operand}At`](expression, index),
      replace: (other) => kind[`set${operand}At`](expression, index, other),
    });
  }
  return children;
}

function singleOf(kind, operand, expression) {
  const child = kind[`get${operand}`](expression);
  if (child === 0) return [];
  return [{ expression: child, replace: (other) => kind[`set${operand}`](expression, other) }];
}

/** The name of an expression for an error message, as the text format spells it where it can. */
export function kindName(expression) {
  const id = binaryen.getExpressionId(expression);
  const text = { [binaryen.MemoryGrowId]: "memory.grow", [binaryen.DataDropId]: "data.drop" }[id];
  if (text) return text;
  const printed = binaryen.emitText(expression).match(/\(([a-z0-9_.]+)/);
  return printed ? printed[1] : (NAMES_BY_ID.get(id) ?? `expression kind ${id}`);
}
