/**
 * Lists of rules applied as a whole, and what a change of users means for those who are connected.
 *
 * Rules come as an argument vector. "( ... )" may be spread over several words; they are put
 * together first. What is wrong is left in PROBLEM: the rule and why.
 *
 *   SERVER root + 0x4a60  the problem: vector of words, its first and the one after its last, Rule,
 *                         whether a parenthesis is open
 */

import { SERVER_ROOT } from "../abi";
import { equalBytes, findByte } from "../memory/bytes";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { TextBuilder, builderByte, builderBytes, builderText } from "../text/builder";
import { equalsLiteral } from "../text/case";
import { noteConfigurationChange } from "./configuration";
import { Listening, firstSubscription, nextSubscription } from "./pubsub";
import { Session, closeOther, firstSession, nextSession } from "./session";
import {
  Selector, User, UserFlag, addUser, adoptRights, createUser, defaultUser, findUser, firstUser,
  freeUser, nextUser, removeUser, setUser,
} from "./users";
import { Rule, applyRule, ruleProblem, startRights } from "./users-rules";
import { mayUseChannel } from "./users-check";
import { stopWaiting } from "./waiting";

@unmanaged
class Problem {
  vector: u32;
  first: i32;
  end: i32;
  rule: Rule;
  /** 1: a parenthesis is not closed. */
  isUnmatched: u32;
}

// @ts-ignore: decorator
@inline
function problem(): Problem {
  return changetype<Problem>(SERVER_ROOT + 0x4a60);
}

/** Applies words `first` to `count` of a vector to a record; false: see `writeProblem`. */
export function applyRules(user: User, vector: usize, first: i32, count: i32): bool {
  if (!areMatched(vector, first, count)) return false;
  for (let index = first; index < count; ) {
    const next = endOfRule(vector, index, count);
    const result = applyWords(user, vector, index, next);
    if (result != Rule.FINE) {
      noteProblem(vector, index, next, result);
      return false;
    }
    index = next;
  }
  return true;
}

/** Applies the rule that words `index` to `next` make. */
function applyWords(user: User, vector: usize, index: i32, next: i32): Rule {
  const mark = scratchMark();
  const text = next == index + 1 ? wordAt(vector, index) : joined(vector, index, next);
  const result = applyRule(user, text, joinedBytes(vector, index, next));
  scratchRelease(mark);
  return result;
}

function noteProblem(vector: usize, first: i32, end: i32, rule: Rule): void {
  problem().vector = <u32>vector;
  problem().first = first;
  problem().end = end;
  problem().rule = rule;
  problem().isUnmatched = 0;
}

// @ts-ignore: decorator
@inline
function wordAt(vector: usize, index: i32): usize {
  return load<u32>(vector + (index << 3));
}

// @ts-ignore: decorator
@inline
function bytesAt(vector: usize, index: i32): u32 {
  return load<u32>(vector + (index << 3), 4);
}

function closes(vector: usize, index: i32): bool {
  const bytes = bytesAt(vector, index);
  return bytes > 0 && load<u8>(wordAt(vector, index) + bytes - 1) == 0x29;
}

/** The index after the rule that begins at `index`; beyond `count`: it is not closed. */
function endOfRule(vector: usize, index: i32, count: i32): i32 {
  if (!bytesAt(vector, index) || load<u8>(wordAt(vector, index)) != 0x28) return index + 1;
  let last = index;
  while (last < count && !closes(vector, last)) last += 1;
  return last + 1;
}

function areMatched(vector: usize, first: i32, count: i32): bool {
  for (let index = first; index < count; ) {
    const next = endOfRule(vector, index, count);
    if (next > count) {
      noteProblem(vector, index, index + 1, Rule.FINE);
      problem().isUnmatched = 1;
      return false;
    }
    index = next;
  }
  return true;
}

function joinedBytes(vector: usize, index: i32, next: i32): u32 {
  let bytes: u32 = next - index - 1;
  for (let at = index; at < next; at++) bytes += bytesAt(vector, at);
  return bytes;
}

function joined(vector: usize, index: i32, next: i32): usize {
  const text = scratchTake(joinedBytes(vector, index, next));
  let out = text;
  for (let at = index; at < next; at++) {
    if (at != index) store<u8>(out++, 0x20);
    memory.copy(out, wordAt(vector, at), bytesAt(vector, at));
    out += bytesAt(vector, at);
  }
  return text;
}

/** Why rules were refused; `where` precedes what is wrong with a rule. */
export function writeProblem(out: TextBuilder, where: string): void {
  if (problem().isUnmatched) {
    builderText(out, "Unmatched parenthesis in acl selector starting at '");
    writeProblemWords(out);
    return builderText(out, "'.");
  }
  builderText(out, where);
  writeProblemWords(out);
  builderText(out, "': ");
  builderText(out, ruleProblem(problem().rule));
}

/** The rule as it was given, up to a NUL, where Redis ends it. */
function writeProblemWords(out: TextBuilder): void {
  const vector = <usize>problem().vector;
  for (let index = problem().first; index < problem().end; index++) {
    if (index != problem().first) builderByte(out, 0x20);
    const word = wordAt(vector, index);
    const bytes = bytesAt(vector, index);
    const nul = findByte(word, word + bytes, 0);
    builderBytes(out, word, nul ? <i32>(nul - word) : bytes);
    if (nul) return;
  }
}

// ---- Those who are connected --------------------------------------------------------------------

/** Closes a session; the one that runs the command once that has answered. */
function close(session: Session, running: Session | null): void {
  if (session == running) {
    session.closing = 1;
    return;
  }
  stopWaiting(session);
  closeOther(session);
}

/** Removes a user; whoever is logged in as it is disconnected. */
export function deleteUser(user: User, running: Session | null): void {
  noteConfigurationChange();
  let session = firstSession();
  while (session) {
    const following = nextSession(session);
    if (session.user == <u32>changetype<usize>(user)) {
      setUser(session, defaultUser());
      session.authenticated = 0;
      close(session, running);
    }
    session = following;
  }
  removeUser(user);
}

/** A user has other rules: who listens to what it may not any more is disconnected. */
export function changeUser(user: User, copy: User, running: Session | null): void {
  noteConfigurationChange();
  adoptRights(user, copy);
  if (user.isFree) return;
  let session = firstSession();
  while (session) {
    const following = nextSession(session);
    const isOfUser = session.user == <u32>changetype<usize>(user);
    if (isOfUser && session.isLimited && session.subscriptions && !mayListen(session, user)) {
      close(session, running);
    }
    session = following;
  }
}

function mayListen(session: Session, user: User): bool {
  for (let kind = Listening.CHANNEL; kind <= Listening.SHARD_CHANNEL; kind++) {
    let subscription = firstSubscription(session, kind);
    while (subscription) {
      const channel = subscription.channel;
      const isPattern = kind == Listening.PATTERN;
      if (!isAllowed(user, channel.name, channel.nameBytes, isPattern)) return false;
      subscription = nextSubscription(subscription);
    }
  }
  return true;
}

function isAllowed(user: User, name: usize, bytes: u32, isPattern: bool): bool {
  for (let at = <usize>user.selectors; at; at = changetype<Selector>(at).next) {
    if (mayUseChannel(changetype<Selector>(at), name, bytes, isPattern)) return true;
  }
  return false;
}

// ---- Lists of users -----------------------------------------------------------------------------

/** A `user` line of a configuration: null, or why it is refused. */
export function declareUser(out: TextBuilder, vector: usize, first: i32, count: i32): bool {
  const name = wordAt(vector, first);
  const bytes = bytesAt(vector, first);
  const existing = findUser(name, bytes);
  if (existing && existing.isDeclared) {
    writeDeclaration(out, name, bytes);
    builderText(out, "Duplicate user found. A user can only be defined once in config files");
    return false;
  }
  if (!isNameFit(name, bytes)) {
    writeDeclaration(out, name, bytes);
    builderText(out, "Usernames can't contain spaces or null characters");
    return false;
  }
  const copy = createUser(name, bytes);
  startRights(copy);
  if (!applyRules(copy, vector, first + 1, count)) {
    freeUser(copy);
    writeProblem(out, "Error in user declaration '");
    return false;
  }
  const user = existing ? existing : addUser(name, bytes);
  user.isDeclared = 1;
  changeUser(user, copy, null);
  return true;
}

function writeDeclaration(out: TextBuilder, name: usize, bytes: u32): void {
  builderText(out, "Error in user declaration '");
  builderBytes(out, name, bytes);
  builderText(out, "': ");
}

/** A name of a user has no blanks and no NUL. */
export function isNameFit(name: usize, bytes: u32): bool {
  for (let index: u32 = 0; index < bytes; index++) {
    const byte = <u32>load<u8>(name + index);
    if (!byte || byte == 0x20 || byte - 9 < 5) return false;
  }
  return bytes > 0;
}

/** The line of a text of users that is being read. */
@unmanaged
export class UserLines {
  file: usize;
  fileBytes: u32;
  cursor: usize;
  end: usize;
  number: u32;
  vector: usize;
  words: i32;
  /** Records made so far, linked by `next`. */
  first: u32;
}

/** Steps to the next line that is not empty. */
function nextLine(lines: UserLines): bool {
  while (lines.cursor < lines.end) {
    let at = lines.cursor;
    const found = findByte(at, lines.end, 0x0a);
    let stop = found ? found : lines.end;
    lines.cursor = found ? found + 1 : lines.end;
    lines.number += 1;
    while (at < stop && isBlank(load<u8>(at))) at += 1;
    while (stop > at && isBlank(load<u8>(stop - 1))) stop -= 1;
    if (at == stop) continue;
    splitWords(lines, at, stop);
    return true;
  }
  return false;
}

function isBlank(byte: u32): bool {
  return byte == 0x20 || byte - 9 < 5;
}

function splitWords(lines: UserLines, start: usize, end: usize): void {
  let at = start;
  lines.words = 0;
  lines.vector = scratchTake(<u32>((end - start + 2) << 3));
  while (at <= end) {
    const space = at < end ? findByte(at, end, 0x20) : 0;
    const stop = space ? space : end;
    addWord(lines, at, stop);
    at = stop + 1;
  }
}

/** Adds a word; rules are freed from tabs and ends of lines around them. */
function addWord(lines: UserLines, start: usize, end: usize): void {
  let from = start;
  let to = end;
  if (lines.words > 1) {
    while (from < to && isBlank(load<u8>(from))) from += 1;
    while (to > from && isBlank(load<u8>(to - 1))) to -= 1;
  }
  store<u32>(lines.vector + (lines.words << 3), <u32>from);
  store<u32>(lines.vector + (lines.words << 3), <u32>(to - from), 4);
  lines.words += 1;
}

/**
 * Puts the users of a text in place of those there are; false: `out` says what is wrong in all of
 * its lines, as Redis does.
 */
export function replaceUsers(
  out: TextBuilder, text: usize, bytes: u32, file: usize, fileBytes: u32, running: Session | null,
): bool {
  const mark = scratchMark();
  const lines = changetype<UserLines>(scratchTake(offsetof<UserLines>()));
  lines.file = file;
  lines.fileBytes = fileBytes;
  lines.cursor = text;
  lines.end = text + bytes;
  lines.number = 0;
  lines.first = 0;
  while (nextLine(lines)) readLine(lines, out);
  const isFine = out.bytes == 0 && !out.isIncomplete;
  if (isFine) placeAll(lines, running);
  else {
    builderText(out, "WARNING: ACL errors detected, no change to the previously active ACL rules \
was performed");
    while (lines.first) {
      const user = changetype<User>(<usize>lines.first);
      lines.first = user.next;
      freeUser(user);
    }
  }
  scratchRelease(mark);
  return isFine;
}

function writePlace(out: TextBuilder, lines: UserLines): void {
  builderBytes(out, lines.file, lines.fileBytes);
  builderByte(out, 0x3a);
  writeNumber(out, lines.number);
}

function writeNumber(out: TextBuilder, value: u32): void {
  if (value >= 10) writeNumber(out, value / 10);
  const digit = scratchTake(8);
  store<u8>(digit, 0x30 + value % 10);
  builderBytes(out, digit, 1);
}

function findRead(lines: UserLines, name: usize, bytes: u32): User | null {
  for (let at = <usize>lines.first; at; at = changetype<User>(at).next) {
    const user = changetype<User>(at);
    if (user.nameBytes == bytes && equalBytes(user.name, name, bytes)) return user;
  }
  return null;
}

function readLine(lines: UserLines, out: TextBuilder): void {
  const vector = lines.vector;
  if (lines.words < 2 || !equalsLiteral(wordAt(vector, 0), bytesAt(vector, 0), "user")) {
    writePlace(out, lines);
    builderText(out, " should start with user keyword followed by the username. ");
    return;
  }
  const name = wordAt(vector, 1);
  const bytes = bytesAt(vector, 1);
  if (bytes && !isNameFit(name, bytes)) {
    builderByte(out, 0x27);
    writePlace(out, lines);
    builderText(out, ": username '");
    builderBytes(out, name, bytes);
    builderText(out, "' contains invalid characters. ");
    return;
  }
  if (findRead(lines, name, bytes)) {
    builderText(out, "WARNING: Duplicate user '");
    builderBytes(out, name, bytes);
    builderText(out, "' found on line ");
    writeNumber(out, lines.number);
    builderText(out, ". ");
    return;
  }
  const user = createUser(name, bytes);
  startRights(user);
  user.next = lines.first;
  lines.first = <u32>changetype<usize>(user);
  readRules(lines, user, out);
}

/**
 * The rules of a line. Unknown names are told with the rule they stand in; of what else is wrong
 * only the first, and without the rule, which may be a password.
 */
function readRules(lines: UserLines, user: User, out: TextBuilder): void {
  const vector = lines.vector;
  if (!areMatched(vector, 2, lines.words)) {
    writePlace(out, lines);
    builderText(out, ": Unmatched parenthesis in selector definition.");
    return;
  }
  let isTold = false;
  for (let index = 2; index < lines.words; ) {
    const next = endOfRule(vector, index, lines.words);
    const result = applyWords(user, vector, index, next);
    noteProblem(vector, index, next, result);
    index = next;
    if (result == Rule.FINE || (isTold && result != Rule.UNKNOWN)) continue;
    writePlace(out, lines);
    builderText(out, ": ");
    if (result == Rule.UNKNOWN) {
      writeProblem(out, "Error in applying operation '");
    } else {
      builderText(out, ruleProblem(result));
      isTold = true;
    }
    builderText(out, ". ");
  }
}

/** Users that are in both lists keep their record, so that their sessions stay. */
function placeAll(lines: UserLines, running: Session | null): void {
  let user = firstUser();
  while (user) {
    const following = nextUser(user);
    if (user != defaultUser() && !findRead(lines, user.name, user.nameBytes)) {
      deleteUser(user, running);
    }
    user = following;
  }
  let hasDefault = false;
  while (lines.first) {
    const read = changetype<User>(<usize>lines.first);
    lines.first = read.next;
    const existing = findUser(read.name, read.nameBytes);
    if (existing == defaultUser()) hasDefault = true;
    changeUser(existing ? existing : addUser(read.name, read.nameBytes), read, running);
  }
  if (!hasDefault) restoreDefault(running);
}

/** The default user as it is without any configuration. */
function restoreDefault(running: Session | null): void {
  const user = defaultUser();
  const copy = createUser(user.name, user.nameBytes);
  copy.flags = UserFlag.ON | UserFlag.NO_PASSWORD;
  const mark = scratchMark();
  const word = scratchTake(16);
  store<u16>(word, 0x2a7e);
  applyRule(copy, word, 2);
  store<u16>(word, 0x2a26);
  applyRule(copy, word, 2);
  store<u32>(word, 0x6c61402b);
  store<u8>(word, 0x6c, 4);
  applyRule(copy, word, 5);
  scratchRelease(mark);
  changeUser(user, copy, running);
}
