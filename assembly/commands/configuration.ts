/**
 * CONFIG, and QUIRE CONFIGURE, by which the host feeds the lines of a configuration file.
 *
 * CONFIG SET is all or nothing: every pair is checked and staged, then all are made current. When
 * the host has to apply one of them (a port, a limit on connections) the session waits for its
 * answer.
 */

import { EXCHANGE, Exchange, Request, SERVER_ROOT, SessionFlag } from "../abi";
import { resetStatistics } from "../keyspace/statistics";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  OUT_OF_MEMORY, SYNTAX, replyConfigurationFailed, replyUnknownConfiguration,
} from "../protocol/errors";
import {
  clearErrorsTotal, replyBulk, replyError, replyErrorBytes, replyErrorEnd,
  replyErrorStart, replyErrorText, replyMap, replyOk, replyStatus,
} from "../protocol/reply";
import { Call, requestHost, reserveOrReply } from "../server/call";
import {
  STAGED_NOW, TEXT_BYTES_MAXIMUM, appendValue, commitStaged, dropStaged, handStaged, isInitial,
  problem, stage,
} from "../server/configuration";
import {
  Parameter, ParameterFlag, ParameterKind, findParameter, firstParameter, nextParameter,
  parameterNamed,
} from "../server/parameter";
import { Fact, factNamed, setFact } from "../server/facts";
import { resetErrorStatistics } from "../server/error-statistics";
import { initializeSampling } from "../server/sampling";
import { command } from "../server/table";
import { resetTiming } from "../server/timing";
import {
  TEXT_BUILDER_BYTES, TextBuilder, builderByte, builderBytes, builderFree, builderStart,
  builderText,
} from "../text/builder";
import { equalsBytesIgnoreCase, writeLiteral } from "../text/case";
import { matchGlob } from "../text/glob";
import { containerHelp } from "./help";

const VALUE: usize = SERVER_ROOT + 0x2200;
/** Longest name of a parameter. */
const NAME_BYTES_MAXIMUM: u32 = 64;
const FACT_BYTES_MAXIMUM: u32 = 4096;
/** Text for the host, kept until the request completes. */
const HOST_TEXT: usize = SERVER_ROOT + 0x2210;

// @ts-ignore: decorator
@inline
function value(): TextBuilder {
  return changetype<TextBuilder>(VALUE);
}

// @ts-ignore: decorator
@inline
function hostText(): TextBuilder {
  return changetype<TextBuilder>(HOST_TEXT);
}

/** An empty text; the one of the request before is no longer needed. */
function startHostText(): void {
  if (hostText().address) builderFree(hostText());
  builderStart(hostText());
}

// ---- GET ----------------------------------------------------------------------------------------

/** Whether one of the patterns fits the name, which then is in `buffer`, in the case asked for. */
function isWanted(call: Call, name: string, buffer: usize): bool {
  const bytes = writeLiteral(buffer, name);
  for (let i = 2; i < call.argumentCount; i++) {
    if (!matchGlob(call.at(i), call.bytesOf(i), buffer, bytes, true)) continue;
    if (call.is(i, name)) memory.copy(buffer, call.at(i), bytes);
    return true;
  }
  return false;
}

function replyPair(name: usize, bytes: u32, parameter: Parameter): void {
  replyBulk(name, bytes);
  builderStart(value());
  appendValue(parameter, value());
  replyBulk(value().address, value().bytes);
  builderFree(value());
}

function configGet(call: Call): void {
  const mark = scratchMark();
  const buffer = scratchTake(NAME_BYTES_MAXIMUM);
  let count: u32 = 0;
  for (let pass = 0; pass < 2; pass++) {
    if (pass) replyMap(count);
    let parameter = firstParameter();
    while (parameter) {
      if (isWanted(call, parameter.name, buffer)) {
        if (pass) replyPair(buffer, parameter.name.length, parameter);
        else count += 1;
      }
      if (parameter.alias.length && isWanted(call, parameter.alias, buffer)) {
        if (pass) replyPair(buffer, parameter.alias.length, parameter);
        else count += 1;
      }
      parameter = nextParameter(parameter);
    }
  }
  scratchRelease(mark);
}

// ---- SET ----------------------------------------------------------------------------------------

/** The first refusal that needs no look at the values; true when there is none. */
function checkNames(call: Call): bool {
  for (let i = 2; i < call.argumentCount; i += 2) {
    const parameter = findParameter(call.at(i), call.bytesOf(i));
    if (!parameter) {
      replyUnknownConfiguration(call.at(i), call.bytesOf(i));
      return false;
    }
    const reason = refusal(call, parameter, i);
    if (!reason) continue;
    replyConfigurationFailed(call.at(i), call.bytesOf(i), reason);
    return false;
  }
  return true;
}

function refusal(call: Call, parameter: Parameter, index: i32): string | null {
  if (parameter.flags & ParameterFlag.IMMUTABLE) return "can't set immutable config";
  if (parameter.flags & ParameterFlag.PROTECTED && !areProtectedAllowed(call)) {
    return "can't set protected config";
  }
  for (let j = 2; j < index; j += 2) {
    if (call.bytesOf(j) != call.bytesOf(index)) continue;
    // A name and its older name are two parameters to Redis: the later value holds.
    if (equalsBytesIgnoreCase(call.at(j), call.at(index), call.bytesOf(j))) {
      return "duplicate parameter";
    }
  }
  return parameter.staged ? "another client is changing it" : null;
}

function areProtectedAllowed(call: Call): bool {
  const allowed = parameterNamed("enable-protected-configs").number;
  return allowed == 1 || (allowed == 2 && !call.session.has(SessionFlag.REMOTE));
}

function configSet(call: Call): void {
  if (call.argumentCount & 1) return replyError(SYNTAX);
  if (!checkNames(call) || !reserveForValues(call) || !stageAll(call)) return;
  let forHost = false;
  for (let i = 2; i < call.argumentCount; i += 2) {
    const parameter = findParameter(call.at(i), call.bytesOf(i));
    if (parameter && parameter.flags & ParameterFlag.HOST) forHost = true;
  }
  const asks = !call.session.has(SessionFlag.INTERNAL) || call.session.has(SessionFlag.EMBEDDED);
  if (forHost && asks) return askHost(call);
  commitStaged(STAGED_NOW);
  replyOk();
}

/** The values, once while they are checked, once to keep, once for the host. */
function reserveForValues(call: Call): bool {
  let bytes: f64 = 0;
  for (let i = 3; i < call.argumentCount; i += 2) {
    bytes += <f64>min(call.bytesOf(i), TEXT_BYTES_MAXIMUM);
  }
  return reserveOrReply(bytes * 4 + 16384);
}

/** Checks and stages all values; false: one is refused, the error is answered, none is staged. */
function stageAll(call: Call): bool {
  for (let i = 2; i < call.argumentCount; i += 2) {
    const parameter = findParameter(call.at(i), call.bytesOf(i));
    if (!parameter) return false;
    if (stage(parameter, call.at(i + 1), call.bytesOf(i + 1))) continue;
    replyErrorStart("ERR CONFIG SET failed (possibly related to argument '");
    replyErrorBytes(call.at(i), call.bytesOf(i));
    replyErrorText("') - ");
    replyErrorBytes(problem().address, problem().bytes);
    replyErrorEnd();
    builderFree(problem());
    dropStaged(STAGED_NOW);
    return false;
  }
  return true;
}

/** Hands "name\\0value\\0..." of the staged parameters that are the host's to it. */
function askHost(call: Call): void {
  startHostText();
  for (let i = 2; i < call.argumentCount; i += 2) {
    const parameter = findParameter(call.at(i), call.bytesOf(i));
    if (!parameter || !(parameter.flags & ParameterFlag.HOST)) continue;
    builderText(hostText(), parameter.name);
    builderByte(hostText(), 0);
    if (parameter.hasNumber) appendStagedNumber(parameter);
    else builderBytes(hostText(), parameter.stagedAddress, parameter.stagedBytes);
    builderByte(hostText(), 0);
  }
  requestHost(call, Request.CONFIGURE, 0, hostText().address, hostText().bytes);
  handStaged(call.session.request);
}

function appendStagedNumber(parameter: Parameter): void {
  const current = parameter.number;
  parameter.number = parameter.stagedNumber;
  appendValue(parameter, hostText());
  parameter.number = current;
}

/**
 * The host's answer to CONFIGURE number `request`: commits or drops what was staged for it. The
 * client is told in requests.ts, if it is still there.
 */
export function completeConfigure(request: u32, ok: bool): void {
  if (ok) commitStaged(request);
  else dropStaged(request);
}

// ---- RESETSTAT, REWRITE -------------------------------------------------------------------------

/** The host adds to these; it does not remember them. */
function resetHostCounters(): void {
  store<f64>(EXCHANGE + Exchange.CONNECTIONS_RECEIVED, 0);
  store<f64>(EXCHANGE + Exchange.CONNECTIONS_REJECTED, 0);
  store<f64>(EXCHANGE + Exchange.INPUT_BYTES, 0);
  store<f64>(EXCHANGE + Exchange.OUTPUT_BYTES, 0);
  store<f64>(EXCHANGE + Exchange.READS, 0);
  store<f64>(EXCHANGE + Exchange.WRITES, 0);
}

function configResetstat(call: Call): void {
  resetTiming();
  resetStatistics();
  clearErrorsTotal();
  resetErrorStatistics();
  resetHostCounters();
  initializeSampling();
  replyOk();
}

function configRewrite(call: Call): void {
  startHostText();
  let parameter = firstParameter();
  while (parameter) {
    if (!isInitial(parameter)) {
      builderText(hostText(), parameter.name);
      builderByte(hostText(), 0);
      appendValue(parameter, hostText());
      builderByte(hostText(), 0);
    }
    parameter = nextParameter(parameter);
  }
  appendOlderNames();
  requestHost(call, Request.REWRITE_CONFIGURATION, 0, hostText().address, hostText().bytes);
}

function appendOlderNames(): void {
  builderByte(hostText(), 0);
  builderByte(hostText(), 0);
  let parameter = firstParameter();
  while (parameter) {
    if (parameter.alias.length) {
      builderText(hostText(), parameter.alias);
      builderByte(hostText(), 0);
      builderText(hostText(), parameter.name);
      builderByte(hostText(), 0);
    }
    parameter = nextParameter(parameter);
  }
}

function container(call: Call): void {}

// ---- QUIRE CONFIGURE ----------------------------------------------------------------------------

/**
 * QUIRE CONFIGURE name argument...: one line of a configuration file, on a session of the host.
 * Answers OK, UNUSED (accepted, without effect), or an error whose text says what is wrong with the
 * value.
 */
function quireConfigure(call: Call): void {
  if (!call.session.has(SessionFlag.INTERNAL)) {
    return replyError("ERR QUIRE CONFIGURE belongs to the host");
  }
  const parameter = findParameter(call.at(2), call.bytesOf(2));
  if (!parameter || !hasArguments(parameter, call.argumentCount - 3)) {
    return replyError("ERR Bad directive or wrong number of arguments");
  }
  builderStart(value());
  if (parameter.kind == ParameterKind.SAVE_POINTS && parameter.given && call.bytesOf(3)) {
    appendValue(parameter, value());
  }
  for (let i = 3; i < call.argumentCount; i++) {
    if (value().bytes) builderByte(value(), 0x20);
    builderBytes(value(), call.at(i), call.bytesOf(i));
  }
  if (value().isIncomplete) {
    builderFree(value());
    return replyError(OUT_OF_MEMORY);
  }
  const accepted = stage(parameter, value().address, value().bytes);
  builderFree(value());
  if (!accepted) {
    replyErrorStart("ERR ");
    replyErrorBytes(problem().address, problem().bytes);
    replyErrorEnd();
    builderFree(problem());
    return;
  }
  commitStaged(STAGED_NOW);
  if (parameter.flags & ParameterFlag.UNUSED) replyStatus("UNUSED");
  else replyOk();
}

/**
 * QUIRE FACT name text: what the host knows about the process and INFO shows. Names: os,
 * executable, config_file, runtime.
 */
function quireFact(call: Call): void {
  if (!call.session.has(SessionFlag.INTERNAL)) {
    return replyError("ERR QUIRE FACT belongs to the host");
  }
  const fact = factNamed(call.at(2), call.bytesOf(2));
  if (fact == Fact.UNKNOWN) return replyError("ERR no such fact");
  if (call.bytesOf(3) > FACT_BYTES_MAXIMUM) return replyError("ERR the fact is too long");
  if (!reserveOrReply(call.bytesOf(3))) return;
  setFact(fact, call.at(3), call.bytesOf(3));
  replyOk();
}

function hasArguments(parameter: Parameter, count: i32): bool {
  const kind = parameter.kind;
  if (kind == ParameterKind.OPTIONS) return count >= 1;
  if (kind >= ParameterKind.WORDS && kind <= ParameterKind.PERCENTILES
    && kind != ParameterKind.EVENT_CLASSES) return count >= 1;
  return parameter.name == "replicaof" ? count == 2 : count == 1;
}

export function registerConfiguration(): void {
  memory.fill(HOST_TEXT, 0, TEXT_BUILDER_BYTES);
  command(container.index, "config", "server", "2.0.0", -2, "", "", "", "", "",
    "Depends on the subcommand.", "Reads and changes the configuration.");
  command(configGet.index, "config|get", "server", "2.0.0", -3,
    "admin noscript loading stale", "", "", "parameter:block*(parameter:string)", "",
    "O(N) in the number of parameters", "Shows parameters by pattern.");
  command(containerHelp.index, "config|help", "server", "5.0.0", 2, "loading stale", "", "", "",
    "", "O(1)", "Lists the subcommands.");
  command(configResetstat.index, "config|resetstat", "server", "2.0.0", 2,
    "admin noscript loading stale", "", "", "", "", "O(1)", "Sets the counters of INFO to zero.");
  command(configRewrite.index, "config|rewrite", "server", "2.8.0", 2,
    "admin noscript loading stale", "", "", "", "", "O(1)",
    "Writes the current values into the configuration file.");
  command(configSet.index, "config|set", "server", "2.0.0", -4,
    "admin noscript loading stale", "", "",
    "parameter_value:block*(parameter:string value:string)",
    "request_policy:all_nodes response_policy:all_succeeded",
    "O(N) in the number of parameters", "Changes parameters, all of them or none.");
  command(container.index, "quire", "server", "0.1.0", -2, "", "", "", "", "",
    "Depends on the subcommand.", "What only Quire's own host asks for.");
  command(quireConfigure.index, "quire|configure", "server", "0.1.0", -3,
    "admin noscript loading stale", "", "", "name:string argument:string*", "", "O(1)",
    "Takes one line of a configuration file.");
  command(quireFact.index, "quire|fact", "server", "0.1.0", 4,
    "admin noscript loading stale", "", "", "name:string text:string", "", "O(1)",
    "Takes a text about the process for INFO.");
}
