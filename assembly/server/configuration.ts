/**
 * Configuration: the mechanism behind CONFIG and the configuration file.
 *
 * A parameter is a row (server/parameters.ts) with its value. Setting is done in two steps, because
 * CONFIG SET of several parameters is all or nothing and some of them need the host: `stage` checks
 * a text and keeps the new value beside the old one, `commitStaged` makes staged values current and
 * derives the words that hot paths read; `dropStaged` forgets them. Values that wait for the host
 * carry the id of its request (`handStaged`), so that other clients may set others meanwhile.
 *
 *   kind                  value
 *   FLAG INTEGER MEMORY   number
 *   CHOICE                number: index of the word in `choices`
 *   PERCENT               number: bytes, or minus percent
 *   OCTAL, EVENT_CLASSES  number
 *   OPTIONS               number: a bit for each word of `choices` after the first
 *   the others            owned text, words separated by one space
 */

import { EXCHANGE, Exchange, SERVER_ROOT } from "../abi";
import { setEventClasses } from "../keyspace/events";
import { EvictionPolicy, setEvictionRules } from "../keyspace/eviction";
import { accessRules } from "../keyspace/access";
import { Arena, allocate, release } from "../memory/allocator";
import { setParserLimits } from "../protocol/parser";
import {
  TextBuilder, builderByte, builderBytes, builderFree, builderInteger, builderStart, builderText,
  builderUnsigned,
} from "../text/builder";
import { equalsIgnoreCase, equalsLiteral } from "../text/case";
import { parseInteger, parseMemorySize } from "../text/integers";
import {
  Parameter, ParameterFlag, ParameterKind, firstParameter, initializeParameterList, nextParameter,
  parameterNamed,
} from "./parameter";
import { registerParameters } from "./parameters";
import {
  checkSpecial, eventClassesText, octalText, parseEventClasses, parseOctal,
} from "./special-parameters";
import { setDefaultPassword } from "./users";
import { choiceIndex, choiceText } from "./choices";
import { setLatencyThreshold } from "./latency";
import { settings } from "./settings";

import { setSlowLog } from "./slow-log";
import { setSlowTime } from "./timing";

/** `staged` of a value that the command in progress has staged. */
export const STAGED_NOW: u32 = 0xffffffff;
/** Longest text of a parameter. */
export const TEXT_BYTES_MAXIMUM: u32 = 0x10000;

const PROBLEM: usize = SERVER_ROOT + 0x2120;
/** The text of a default while it is staged; staging itself uses NUMBER. */
const INITIAL_TEXT: usize = SERVER_ROOT + 0x2130;
const NUMBER: usize = SERVER_ROOT + 0x2140;

/** Why the last `stage` said no; the text is the caller's to free with `builderFree`. */
export function problem(): TextBuilder {
  return changetype<TextBuilder>(PROBLEM);
}

/** All parameters with their defaults. */
export function initializeConfiguration(): void {
  initializeParameterList();
  registerParameters();
  let parameter = firstParameter();
  while (parameter) {
    setInitial(parameter);
    parameter = nextParameter(parameter);
  }
  applySettings();
}

function setInitial(parameter: Parameter): void {
  const text = changetype<TextBuilder>(INITIAL_TEXT);
  builderStart(text);
  builderText(text, parameter.initial);
  if (!stage(parameter, text.address, text.bytes)) unreachable();
  builderFree(text);
  commit(parameter);
  parameter.given = 0;
}

// ---- Staging ------------------------------------------------------------------------------------

function refuse(reason: string): bool {
  builderStart(problem());
  builderText(problem(), reason);
  return false;
}

function refuseRange(parameter: Parameter): bool {
  builderStart(problem());
  builderText(problem(), "argument must be between ");
  builderInteger(problem(), parameter.minimum);
  builderText(problem(), " and ");
  builderInteger(problem(), parameter.maximum);
  builderText(problem(), " inclusive");
  return false;
}

/** Checks a text and keeps it as the parameter's new value; false: `problem` says why not. */
export function stage(parameter: Parameter, address: usize, bytes: u32): bool {
  let accepted = false;
  switch (parameter.kind) {
    case ParameterKind.FLAG:
      accepted = stageFlag(parameter, address, bytes);
      break;
    case ParameterKind.INTEGER:
      accepted = stageInteger(parameter, address, bytes);
      break;
    case ParameterKind.MEMORY:
      accepted = stageMemory(parameter, address, bytes);
      break;
    case ParameterKind.PERCENT:
      accepted = stagePercent(parameter, address, bytes);
      break;
    case ParameterKind.CHOICE:
      accepted = stageChoice(parameter, address, bytes);
      break;
    case ParameterKind.EVENT_CLASSES:
      parameter.stagedNumber = parseEventClasses(address, bytes);
      accepted = parameter.stagedNumber >= 0
        || refuse("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
      break;
    case ParameterKind.OCTAL:
      parameter.stagedNumber = parseOctal(address, bytes);
      accepted = parameter.stagedNumber >= 0
        || refuse("argument couldn't be parsed as an octal number");
      break;
    case ParameterKind.OPTIONS:
      accepted = stageOptions(parameter, address, bytes);
      break;
    default:
      accepted = stageText(parameter, address, bytes);
  }
  if (accepted) parameter.staged = STAGED_NOW;
  return accepted;
}

function stageFlag(parameter: Parameter, address: usize, bytes: u32): bool {
  const yes = equalsIgnoreCase(address, bytes, "yes");
  if (!yes && !equalsIgnoreCase(address, bytes, "no")) {
    return refuse("argument must be 'yes' or 'no'");
  }
  parameter.stagedNumber = i64(yes);
  return true;
}

function stageInteger(parameter: Parameter, address: usize, bytes: u32): bool {
  if (!parseInteger(address, bytes, NUMBER)) {
    return refuse("argument couldn't be parsed into an integer");
  }
  return stageNumber(parameter, load<i64>(NUMBER));
}

function stageNumber(parameter: Parameter, value: i64): bool {
  if (parameter.flags & ParameterFlag.UNSIGNED) {
    parameter.stagedNumber = value;
    return true;
  }
  if (value < parameter.minimum || value > parameter.maximum) return refuseRange(parameter);
  parameter.stagedNumber = value;
  return true;
}

function stageMemory(parameter: Parameter, address: usize, bytes: u32): bool {
  if (!parseMemorySize(address, bytes, NUMBER)) return refuse("argument must be a memory value");
  return stageNumber(parameter, load<i64>(NUMBER));
}

function stagePercent(parameter: Parameter, address: usize, bytes: u32): bool {
  if (bytes > 1 && load<u8>(address + bytes - 1) == 0x25) {
    if (!parseInteger(address, bytes - 1, NUMBER) || load<i64>(NUMBER) < 0) {
      return refuse("argument must be a memory or percent value");
    }
    if (load<i64>(NUMBER) > 100) return refuse("percentage argument must be less or equal to 100");
    parameter.stagedNumber = -load<i64>(NUMBER);
    return true;
  }
  if (!parseMemorySize(address, bytes, NUMBER)) {
    return refuse("argument must be a memory or percent value");
  }
  return stageNumber(parameter, load<i64>(NUMBER));
}

function refuseChoice(parameter: Parameter): bool {
  const words = parameter.choices;
  builderStart(problem());
  builderText(problem(), "argument(s) must be one of the following: ");
  for (let i = 0; i < words.length; i++) {
    const byte = words.charCodeAt(i);
    if (byte == 0x20) builderByte(problem(), 0x2c);
    builderByte(problem(), byte);
  }
  return false;
}

function stageChoice(parameter: Parameter, address: usize, bytes: u32): bool {
  const index = choiceIndex(parameter.choices, address, bytes);
  if (index < 0) return refuseChoice(parameter);
  parameter.stagedNumber = index;
  return true;
}

/** Words of the shutdown options: default save nosave ... */
const SAVE_BIT: i64 = 1;
const NOSAVE_BIT: i64 = 2;

function stageOptions(parameter: Parameter, address: usize, bytes: u32): bool {
  let bits: i64 = 0;
  let start = address;
  const end = address + bytes;
  while (true) {
    let stop = start;
    while (stop != end && load<u8>(stop) != 0x20) stop += 1;
    const index = choiceIndex(parameter.choices, start, <u32>(stop - start));
    if (index < 0) return refuseChoice(parameter);
    if (index) bits |= 1 << (index - 1);
    if (stop == end) break;
    start = stop + 1;
  }
  if (bits & SAVE_BIT && bits & NOSAVE_BIT) {
    return refuse("shutdown options SAVE and NOSAVE can't be used simultaneously");
  }
  parameter.stagedNumber = bits;
  return true;
}

function stageText(parameter: Parameter, address: usize, bytes: u32): bool {
  if (bytes > TEXT_BYTES_MAXIMUM) return refuse("argument is too long");
  const staged = changetype<TextBuilder>(NUMBER);
  builderStart(staged);
  const reason = checkSpecial(parameter, address, bytes, staged);
  if (reason) {
    builderFree(staged);
    return refuse(reason);
  }
  dropText(parameter);
  parameter.stagedBytes = staged.bytes;
  if (staged.bytes) {
    const owned = allocate(Arena.SERVER, staged.bytes);
    memory.copy(owned, staged.address, staged.bytes);
    parameter.stagedAddress = <u32>owned;
  }
  builderFree(staged);
  return true;
}

function dropText(parameter: Parameter): void {
  if (parameter.stagedAddress) release(parameter.stagedAddress);
  parameter.stagedAddress = 0;
  parameter.stagedBytes = 0;
}

function commit(parameter: Parameter): void {
  parameter.staged = 0;
  parameter.given = 1;
  if (parameter.hasNumber) {
    parameter.number = parameter.stagedNumber;
    return;
  }
  if (parameter.textAddress) release(parameter.textAddress);
  parameter.textAddress = parameter.stagedAddress;
  parameter.textBytes = parameter.stagedBytes;
  parameter.stagedAddress = 0;
  parameter.stagedBytes = 0;
  if (parameter.name == "requirepass") {
    setDefaultPassword(parameter.textAddress, parameter.textBytes);
  }
}

/** Makes every value that `by` staged the current one. */
export function commitStaged(by: u32): void {
  let parameter = firstParameter();
  while (parameter) {
    if (parameter.staged == by) commit(parameter);
    parameter = nextParameter(parameter);
  }
  noteConfigurationChange();
  applySettings();
}

/** What is set at run time has changed, users included: the host remembers it for after a trap. */
export function noteConfigurationChange(): void {
  const changes = <usize>EXCHANGE + Exchange.CONFIGURATION_CHANGES;
  store<u32>(changes, load<u32>(changes) + 1);
}

/** Forgets every value that `by` staged. */
export function dropStaged(by: u32): void {
  let parameter = firstParameter();
  while (parameter) {
    if (parameter.staged == by) {
      parameter.staged = 0;
      dropText(parameter);
    }
    parameter = nextParameter(parameter);
  }
}

/** What the command in progress has staged waits for a request to the host. */
export function handStaged(request: u32): void {
  let parameter = firstParameter();
  while (parameter) {
    if (parameter.staged == STAGED_NOW) parameter.staged = request;
    parameter = nextParameter(parameter);
  }
}

// ---- Reading ------------------------------------------------------------------------------------

/** Appends the value as CONFIG GET shows it. */
export function appendValue(parameter: Parameter, out: TextBuilder): void {
  switch (parameter.kind) {
    case ParameterKind.FLAG:
      builderText(out, parameter.number ? "yes" : "no");
      break;
    case ParameterKind.CHOICE:
      appendChoice(parameter, out);
      break;
    case ParameterKind.PERCENT:
      builderInteger(out, parameter.number < 0 ? -parameter.number : parameter.number);
      if (parameter.number < 0) builderByte(out, 0x25);
      break;
    case ParameterKind.OPTIONS:
      appendOptions(parameter, out);
      break;
    case ParameterKind.INTEGER:
    case ParameterKind.MEMORY:
      if (parameter.flags & ParameterFlag.UNSIGNED) builderUnsigned(out, parameter.number);
      else builderInteger(out, parameter.number);
      break;
    case ParameterKind.EVENT_CLASSES:
      eventClassesText(<u32>parameter.number, out);
      break;
    case ParameterKind.OCTAL:
      octalText(<u32>parameter.number, out);
      break;
    default:
      builderBytes(out, parameter.textAddress, parameter.textBytes);
  }
}

function appendOptions(parameter: Parameter, out: TextBuilder): void {
  if (!parameter.number) return choiceText(parameter.choices, 0, out);
  let count = 0;
  for (let index = 1; index < 32; index++) {
    if (!((parameter.number >> (index - 1)) & 1)) continue;
    if (count++) builderByte(out, 0x20);
    choiceText(parameter.choices, index, out);
  }
}

function appendChoice(parameter: Parameter, out: TextBuilder): void {
  choiceText(parameter.choices, <i32>parameter.number, out);
}

/** Whether the value is what it was before anyone set it. */
export function isInitial(parameter: Parameter): bool {
  const value = changetype<TextBuilder>(NUMBER);
  builderStart(value);
  appendValue(parameter, value);
  const same = equalsLiteral(value.address, value.bytes, parameter.initial);
  builderFree(value);
  return same;
}

/** The number of a parameter of this name. */
export function numberOf(name: string): i64 {
  return parameterNamed(name).number;
}

/** Values outside some bounds are accepted and brought within them, as Redis does. */
function clamp(name: string, least: i64, most: i64): void {
  const parameter = parameterNamed(name);
  parameter.number = max(least, min(most, parameter.number));
}

/** Derives the words that hot paths read. */
export function applySettings(): void {
  clamp("hz", 1, 500);
  clamp("repl-backlog-size", 16384, i64.MAX_VALUE);
  const values = settings();
  values.maxmemory = <f64><u64>numberOf("maxmemory");
  values.bulkBytesMaximum = <f64>numberOf("proto-max-bulk-len");
  values.queryBufferBytesMaximum = <f64>numberOf("client-query-buffer-limit");
  values.activeExpireEffort = <u32>numberOf("active-expire-effort");
  values.debugCommands = <u32>numberOf("enable-debug-command");
  values.latencyTracking = <u32>numberOf("latency-tracking");
  applySlowTimes();
  values.trackingKeysMaximum = <f64>numberOf("tracking-table-max-keys");
  values.clientsMemory = <f64>numberOf("maxmemory-clients");
  values.rdbVersion = 10 + <u32>numberOf("rdb-version");
  values.rdbCompression = u32(compressesRdb());
  const guardsSaves = numberOf("stop-writes-on-bgsave-error") && parameterNamed("save").textBytes;
  values.guardsSaves = u32(guardsSaves);
  setParserLimits(values.bulkBytesMaximum, values.queryBufferBytesMaximum);
  applyEncodingLimits();
  setEventClasses(<u32>numberOf("notify-keyspace-events"));
  const rules = accessRules();
  const policy = numberOf("maxmemory-policy");
  setEvictionRules(<EvictionPolicy>policy, <i32>numberOf("maxmemory-samples"));
  rules.frequency = u32(
    policy == EvictionPolicy.VOLATILE_LFU || policy == EvictionPolicy.ALL_KEYS_LFU,
  );
  rules.logFactor = <i32>numberOf("lfu-log-factor");
  rules.decayMinutes = <i32>numberOf("lfu-decay-time");
}

/**
 * What others read is compressed as they do it themselves, unless somebody has said no; images,
 * which are loaded by placing their pages, only when somebody has said yes.
 */
function compressesRdb(): bool {
  const compression = parameterNamed("image-compression");
  return compression.number != 0 || !compression.given;
}

function applySlowTimes(): void {
  const slow = <f64>numberOf("slowlog-log-slower-than");
  setSlowLog(slow, <f64>numberOf("slowlog-max-len"));
  const latency = <f64>numberOf("latency-monitor-threshold") * 1000;
  setLatencyThreshold(latency / 1000);
  setSlowTime(latency <= 0 || (slow >= 0 && slow < latency) ? slow : latency);
}

/** Beyond 32 bits a limit means "no limit" all the same. */
function limitOf(name: string): u32 {
  return <u32>min(numberOf(name), <i64>u32.MAX_VALUE);
}

function applyEncodingLimits(): void {
  const values = settings();
  values.hashPackedEntries = limitOf("hash-max-listpack-entries");
  values.hashPackedBytes = limitOf("hash-max-listpack-value");
  values.setPackedEntries = limitOf("set-max-listpack-entries");
  values.setPackedBytes = limitOf("set-max-listpack-value");
  values.sortedSetPackedEntries = limitOf("zset-max-listpack-entries");
  values.sortedSetPackedBytes = limitOf("zset-max-listpack-value");
  values.integerSetEntries = limitOf("set-max-intset-entries");
  values.listChunk = <i32>numberOf("list-max-listpack-size");
  values.hyperLogLogSparseBytes = limitOf("hll-sparse-max-bytes");
}
