/**
 * A configuration parameter: its record, the list of all of them, and the functions that make rows.
 *
 * The rows are in server/parameters.ts; how values are set and read is server/configuration.ts's.
 * Records are linked in order of registration and found by walking: settings are asked for by name
 * only when someone changes one.
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate } from "../memory/allocator";
import { equalsIgnoreCase } from "../text/case";

export const enum ParameterKind {
  FLAG = 0,
  INTEGER = 1,
  MEMORY = 2,
  PERCENT = 3,
  CHOICE = 4,
  TEXT = 5,
  WORDS = 6,
  SAVE_POINTS = 7,
  BUFFER_LIMITS = 8,
  EVENT_CLASSES = 9,
  OOM_SCORES = 10,
  PERCENTILES = 11,
  /** A text without a path in it. */
  FILE_NAME = 12,
  OCTAL = 13,
  /** Any of the words of `choices` but the first, which stands for none of them: a bit each. */
  OPTIONS = 14,
}

export const enum ParameterFlag {
  NONE = 0,
  IMMUTABLE = 1,
  PROTECTED = 2,
  HOST = 4,
  UNUSED = 8,
  /** The number is a u64. */
  UNSIGNED = 16,
}

@unmanaged
export class Parameter {
  number: i64;
  stagedNumber: i64;
  minimum: i64;
  maximum: i64;
  name: string;
  /** Older name, or "". */
  alias: string;
  initial: string;
  /** CHOICE: its words separated by spaces. */
  choices: string;
  kind: ParameterKind;
  flags: u32;
  /** Who staged a new value: STAGED_NOW or the id of a request to the host; 0 = nobody. */
  staged: u32;
  /** 1: a file or command line has given a value (CONFIG REWRITE, `save` lines that add up). */
  given: u32;
  textAddress: u32;
  textBytes: u32;
  stagedAddress: u32;
  stagedBytes: u32;
  next: u32;

  get hasNumber(): bool {
    return this.kind <= ParameterKind.CHOICE || this.kind == ParameterKind.EVENT_CLASSES
      || this.kind >= ParameterKind.OCTAL;
  }
}

@unmanaged
class ConfigurationRoot {
  first: u32;
  last: u32;
}

const ROOT: usize = SERVER_ROOT + 0x2100;

// @ts-ignore: decorator
@inline
function root(): ConfigurationRoot {
  return changetype<ConfigurationRoot>(ROOT);
}

/** No parameters. */
export function initializeParameterList(): void {
  root().first = 0;
  root().last = 0;
}

export function firstParameter(): Parameter | null {
  return changetype<Parameter | null>(<usize>root().first);
}

export function nextParameter(parameter: Parameter): Parameter | null {
  return changetype<Parameter | null>(<usize>parameter.next);
}

/** The parameter with this name or older name in any case; null when unknown. */
export function findParameter(name: usize, bytes: u32): Parameter | null {
  let address = <usize>root().first;
  while (address) {
    const parameter = changetype<Parameter>(address);
    if (equalsIgnoreCase(name, bytes, parameter.name)) return parameter;
    if (parameter.alias.length && equalsIgnoreCase(name, bytes, parameter.alias)) return parameter;
    address = parameter.next;
  }
  return null;
}

/** The parameter of this name, which exists. */
export function parameterNamed(name: string): Parameter {
  let address = <usize>root().first;
  while (address) {
    const parameter = changetype<Parameter>(address);
    if (parameter.name == name) return parameter;
    address = parameter.next;
  }
  return unreachable();
}

// ---- Rows ---------------------------------------------------------------------------------------

function register(
  name: string,
  alias: string,
  initial: string,
  kind: ParameterKind,
  flags: u32,
  minimum: i64,
  maximum: i64,
  choices: string,
): void {
  const address = allocate(Arena.SERVER, offsetof<Parameter>());
  memory.fill(address, 0, offsetof<Parameter>());
  const parameter = changetype<Parameter>(address);
  parameter.name = name;
  parameter.alias = alias;
  parameter.initial = initial;
  parameter.kind = kind;
  parameter.flags = flags;
  parameter.minimum = minimum;
  parameter.maximum = maximum;
  parameter.choices = choices;
  if (root().last) changetype<Parameter>(<usize>root().last).next = <u32>address;
  else root().first = <u32>address;
  root().last = <u32>address;
}

export function flag(name: string, alias: string, initial: string, flags: u32): void {
  register(name, alias, initial, ParameterKind.FLAG, flags, 0, 1, "");
}

export function integer(
  name: string,
  alias: string,
  initial: string,
  minimum: i64,
  maximum: i64,
  flags: u32,
): void {
  register(name, alias, initial, ParameterKind.INTEGER, flags, minimum, maximum, "");
}

export function memorySize(
  name: string,
  alias: string,
  initial: string,
  minimum: i64,
  flags: u32,
): void {
  register(name, alias, initial, ParameterKind.MEMORY, flags, minimum, i64.MAX_VALUE, "");
}

export function memoryOrPercent(name: string, alias: string, initial: string, flags: u32): void {
  register(name, alias, initial, ParameterKind.PERCENT, flags, 0, i64.MAX_VALUE, "");
}

export function choice(
  name: string,
  alias: string,
  initial: string,
  choices: string,
  flags: u32,
): void {
  register(name, alias, initial, ParameterKind.CHOICE, flags, 0, 0, choices);
}

export function text(name: string, alias: string, initial: string, flags: u32): void {
  register(name, alias, initial, ParameterKind.TEXT, flags, 0, 0, "");
}

/** Several of the words at once; the first one stands for none. */
export function options(name: string, initial: string, choices: string, flags: u32): void {
  register(name, "", initial, ParameterKind.OPTIONS, flags, 0, 0, choices);
}

export function special(
  name: string,
  alias: string,
  initial: string,
  kind: ParameterKind,
  flags: u32,
): void {
  register(name, alias, initial, kind, flags, 0, 0, "");
}
