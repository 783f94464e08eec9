/**
 * Rules: the words of ACL SETUSER, of `user` lines and of the file of users, applied to a record.
 *
 *   user       on off nopass resetpass reset >password #digest <password !digest ( ... )
 *              clearselectors sanitize-payload skip-sanitize-payload
 *   selector   ~pattern %R~pattern allkeys resetkeys  &pattern allchannels resetchannels
 *              +command -command +container|sub +command|word +@category -@category
 *
 * A rule changes the record it is given, so whoever applies several applies them to a copy. The
 * command rules are kept as text as well, each command or category once, by its latest rule.
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, release } from "../memory/allocator";
import { equalBytes, findByte } from "../memory/bytes";
import { SHA256_BYTES, sha256 } from "../memory/sha256";
import { equalsBytesIgnoreCase, equalsIgnoreCase, equalsLiteral, lowerByte } from "../text/case";
import { categoriesOf, findCategory } from "./categories";
import { numberOf } from "./configuration";
import { Row, findFullName, findSubcommand, firstRow, nextRow } from "./table";
import {
  COMMAND_BITS_BYTES, KeyAccess, Pattern, Selector, SelectorFlag, User, UserFlag, addPassword,
  addPattern, clearPasswords, commandBits, createSelector, firstSelector, freePatterns,
  freeSelector, removePassword,
} from "./users";

export const enum Rule {
  FINE = 0,
  SYNTAX = 1,
  UNKNOWN = 2,
  AFTER_ALL_KEYS = 3,
  AFTER_ALL_CHANNELS = 4,
  NO_SUCH_PASSWORD = 5,
  BAD_DIGEST = 6,
  FIRST_ARGUMENT = 7,
}

const DIGEST: usize = SERVER_ROOT + 0x4a80;

/** What is wrong with a rule, in Redis's words. */
export function ruleProblem(result: Rule): string {
  switch (result) {
    case Rule.UNKNOWN: return "Unknown command or category name in ACL";
    case Rule.AFTER_ALL_KEYS: return "Adding a pattern after the * pattern (or the 'allkeys' flag) \
is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns";
    case Rule.AFTER_ALL_CHANNELS: return "Adding a pattern after the * pattern (or the \
'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with \
an empty list of channels";
    case Rule.NO_SUCH_PASSWORD: return "The password you are trying to remove from the user does \
not exist";
    case Rule.BAD_DIGEST: return "The password hash must be exactly 64 characters and contain only \
lowercase hexadecimal characters";
    case Rule.FIRST_ARGUMENT: return "Allowing first-arg of a subcommand is not supported";
  }
  return "Syntax error";
}

/** A new user as ACL SETUSER makes it: off, no rights but those of `acl-pubsub-default`. */
export function startRights(user: User): void {
  user.flags = 0;
  if (numberOf("acl-pubsub-default") == 0) {
    firstSelector(user).flags |= SelectorFlag.ALL_CHANNELS;
  }
}

/** Applies a rule to a user; its memory is reserved. */
export function applyRule(user: User, rule: usize, bytes: u32): Rule {
  if (!bytes) return Rule.FINE;
  const first = load<u8>(rule);
  if (first == 0x28) return addSelector(user, rule, bytes);
  if (first == 0x3e || first == 0x3c) {
    sha256(DIGEST, rule + 1, bytes - 1);
    return applyPassword(user, first == 0x3e);
  }
  if (first == 0x23 || first == 0x21) {
    if (!readDigest(rule + 1, bytes - 1)) return Rule.BAD_DIGEST;
    return applyPassword(user, first == 0x23);
  }
  if (applyWord(user, rule, bytes)) return Rule.FINE;
  return applySelectorRule(firstSelector(user), rule, bytes);
}

function applyWord(user: User, rule: usize, bytes: u32): bool {
  if (equalsIgnoreCase(rule, bytes, "on")) {
    user.flags |= UserFlag.ON;
  } else if (equalsIgnoreCase(rule, bytes, "off")) {
    user.flags &= ~UserFlag.ON;
  } else if (equalsIgnoreCase(rule, bytes, "nopass")) {
    clearPasswords(user);
    user.flags |= UserFlag.NO_PASSWORD;
  } else if (equalsIgnoreCase(rule, bytes, "resetpass")) {
    clearPasswords(user);
    user.flags &= ~UserFlag.NO_PASSWORD;
  } else if (equalsIgnoreCase(rule, bytes, "skip-sanitize-payload")) {
    user.flags |= UserFlag.SKIPS_CHECKS;
  } else if (equalsIgnoreCase(rule, bytes, "sanitize-payload")) {
    user.flags &= ~UserFlag.SKIPS_CHECKS;
  } else if (equalsIgnoreCase(rule, bytes, "clearselectors")) {
    clearSelectors(user);
  } else if (equalsIgnoreCase(rule, bytes, "reset")) {
    resetUser(user);
  } else {
    return false;
  }
  return true;
}

function clearSelectors(user: User): void {
  const own = firstSelector(user);
  while (own.next) {
    const selector = changetype<Selector>(<usize>own.next);
    own.next = selector.next;
    freeSelector(selector);
  }
}

/** Every right and password is gone, and the user is off. */
export function resetUser(user: User): void {
  clearPasswords(user);
  clearSelectors(user);
  freeSelector(firstSelector(user));
  user.selectors = <u32>changetype<usize>(createSelector());
  startRights(user);
}

function applyPassword(user: User, isAdded: bool): Rule {
  if (isAdded) addPassword(user, DIGEST);
  else if (!removePassword(user, DIGEST)) return Rule.NO_SUCH_PASSWORD;
  return Rule.FINE;
}

/** 64 lower-case hexadecimal digits into DIGEST. */
function readDigest(text: usize, bytes: u32): bool {
  if (bytes != SHA256_BYTES << 1) return false;
  for (let index: u32 = 0; index < bytes; index += 2) {
    const high = hexDigit(load<u8>(text + index));
    const low = hexDigit(load<u8>(text + index + 1));
    if (high < 0 || low < 0) return false;
    store<u8>(DIGEST + (index >> 1), (high << 4) | low);
  }
  return true;
}

function hexDigit(byte: u32): i32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  return byte - 0x61 < 6 ? byte - 0x61 + 10 : -1;
}

/** "(rule rule ...)": a further selector. */
function addSelector(user: User, rule: usize, bytes: u32): Rule {
  if (bytes < 2 || load<u8>(rule + bytes - 1) != 0x29) return Rule.SYNTAX;
  const selector = createSelector();
  if (numberOf("acl-pubsub-default") == 0) selector.flags |= SelectorFlag.ALL_CHANNELS;
  let at = rule + 1;
  const end = rule + bytes - 1;
  while (at < end) {
    const space = findByte(at, end, 0x20);
    const stop = space ? space : end;
    if (stop > at) {
      const result = applySelectorRule(selector, at, <u32>(stop - at));
      if (result != Rule.FINE) {
        freeSelector(selector);
        return result;
      }
    }
    at = stop + 1;
  }
  let last = firstSelector(user);
  while (last.next) last = changetype<Selector>(<usize>last.next);
  last.next = <u32>changetype<usize>(selector);
  return Rule.FINE;
}

// ---- Selectors ----------------------------------------------------------------------------------

function field(selector: Selector, offset: usize): usize {
  return changetype<usize>(selector) + offset;
}

function applySelectorRule(selector: Selector, rule: usize, bytes: u32): Rule {
  const keys = field(selector, offsetof<Selector>("keys"));
  const channels = field(selector, offsetof<Selector>("channels"));
  if (equalsIgnoreCase(rule, bytes, "allkeys") || equalsLiteral(rule, bytes, "~*")) {
    selector.flags |= SelectorFlag.ALL_KEYS;
    freePatterns(keys);
  } else if (equalsIgnoreCase(rule, bytes, "resetkeys")) {
    selector.flags &= ~SelectorFlag.ALL_KEYS;
    freePatterns(keys);
  } else if (equalsIgnoreCase(rule, bytes, "allchannels") || equalsLiteral(rule, bytes, "&*")) {
    selector.flags |= SelectorFlag.ALL_CHANNELS;
    freePatterns(channels);
  } else if (equalsIgnoreCase(rule, bytes, "resetchannels")) {
    selector.flags &= ~SelectorFlag.ALL_CHANNELS;
    freePatterns(channels);
  } else if (equalsIgnoreCase(rule, bytes, "allcommands")
    || equalsIgnoreCase(rule, bytes, "+@all")) {
    setAllCommands(selector, true);
  } else if (equalsIgnoreCase(rule, bytes, "nocommands")
    || equalsIgnoreCase(rule, bytes, "-@all")) {
    setAllCommands(selector, false);
  } else {
    return applyPatternRule(selector, rule, bytes);
  }
  return Rule.FINE;
}

function applyPatternRule(selector: Selector, rule: usize, bytes: u32): Rule {
  const first = load<u8>(rule);
  if (first == 0x7e || first == 0x25) return addKeyPattern(selector, rule, bytes);
  if (first == 0x26) return addChannelPattern(selector, rule + 1, bytes - 1);
  if (first != 0x2b && first != 0x2d) return Rule.SYNTAX;
  if (bytes > 1 && load<u8>(rule, 1) == 0x40) {
    return applyCategory(selector, rule + 1, bytes - 1, first == 0x2b);
  }
  return first == 0x2b
    ? allowCommand(selector, rule + 1, bytes - 1)
    : denyCommand(selector, rule + 1, bytes - 1);
}

function setAllCommands(selector: Selector, isAllowed: bool): void {
  const flags = SelectorFlag.ALL_COMMANDS | SelectorFlag.FUTURE;
  if (isAllowed) selector.flags |= flags;
  else selector.flags &= ~flags;
  memory.fill(commandBits(selector), isAllowed ? 0xff : 0, COMMAND_BITS_BYTES);
  freePatterns(field(selector, offsetof<Selector>("firstArguments")));
  if (selector.rules) release(selector.rules);
  selector.rules = 0;
  selector.rulesBytes = 0;
}

function hasBlanks(text: usize, bytes: u32): bool {
  for (let index: u32 = 0; index < bytes; index++) {
    const byte = <u32>load<u8>(text + index);
    if (!byte || byte == 0x20 || byte - 9 < 5) return true;
  }
  return false;
}

function addKeyPattern(selector: Selector, rule: usize, bytes: u32): Rule {
  if (selector.flags & SelectorFlag.ALL_KEYS) return Rule.AFTER_ALL_KEYS;
  let access: u32 = KeyAccess.BOTH;
  let at: u32 = 1;
  if (load<u8>(rule) == 0x25) {
    access = 0;
    for (; at < bytes && load<u8>(rule + at) != 0x7e; at++) {
      const letter = lowerByte(load<u8>(rule + at));
      const one: u32 = letter == 0x72 ? KeyAccess.READ : letter == 0x77 ? KeyAccess.WRITE : 0;
      if (!one || access & one) return Rule.SYNTAX;
      access |= one;
    }
    if (!access) return Rule.SYNTAX;
    // "%R" without its "~" is taken for the empty pattern.
    at = min(at + 1, bytes);
  }
  const pattern = rule + at;
  if (hasBlanks(pattern, bytes - at)) return Rule.SYNTAX;
  const same = findPattern(selector.keys, pattern, bytes - at);
  if (same) same.flags |= access;
  else addPattern(field(selector, offsetof<Selector>("keys")), access, pattern, bytes - at);
  return Rule.FINE;
}

function addChannelPattern(selector: Selector, pattern: usize, bytes: u32): Rule {
  if (selector.flags & SelectorFlag.ALL_CHANNELS) return Rule.AFTER_ALL_CHANNELS;
  if (hasBlanks(pattern, bytes)) return Rule.SYNTAX;
  if (!findPattern(selector.channels, pattern, bytes)) {
    addPattern(field(selector, offsetof<Selector>("channels")), 0, pattern, bytes);
  }
  return Rule.FINE;
}

function findPattern(first: u32, text: usize, bytes: u32): Pattern | null {
  for (let address = <usize>first; address; address = changetype<Pattern>(address).next) {
    const pattern = changetype<Pattern>(address);
    if (pattern.bytes == bytes && equalBytes(pattern.text, text, bytes)) return pattern;
  }
  return null;
}

// ---- Commands -----------------------------------------------------------------------------------

/** Allows or denies a row and its subcommands; its first arguments are forgotten. */
function setCommand(selector: Selector, row: Row, isAllowed: bool): void {
  dropFirstArguments(selector, row);
  setBit(selector, row, isAllowed);
  for (let child = <usize>row.firstChild; child; child = changetype<Row>(child).sibling) {
    dropFirstArguments(selector, changetype<Row>(child));
    setBit(selector, changetype<Row>(child), isAllowed);
  }
}

function setBit(selector: Selector, row: Row, isAllowed: bool): void {
  const at = commandBits(selector) + (row.number >> 3);
  const bit: u32 = 1 << (row.number & 7);
  if (isAllowed) {
    store<u8>(at, load<u8>(at) | bit);
  } else {
    store<u8>(at, load<u8>(at) & ~bit);
    selector.flags &= ~SelectorFlag.ALL_COMMANDS;
  }
}

function dropFirstArguments(selector: Selector, row: Row): void {
  let link = field(selector, offsetof<Selector>("firstArguments"));
  while (load<u32>(link)) {
    const pattern = changetype<Pattern>(<usize>load<u32>(link));
    if (pattern.flags == row.number) {
      store<u32>(link, pattern.next);
      release(changetype<usize>(pattern));
    } else {
      link = changetype<usize>(pattern);
    }
  }
}

function applyCategory(selector: Selector, name: usize, bytes: u32, isAllowed: bool): Rule {
  const category = findCategory(name + 1, bytes - 1);
  if (category < 0) return Rule.UNKNOWN;
  let row = firstRow();
  while (row) {
    if ((categoriesOf(row) >> category) & 1) setCommand(selector, row, isAllowed);
    row = nextRow(row);
  }
  noteRule(selector, name, bytes, isAllowed);
  return Rule.FINE;
}

function allowCommand(selector: Selector, name: usize, bytes: u32): Rule {
  let bar: usize = 0;
  for (let at = name; at < name + bytes; at++) if (load<u8>(at) == 0x7c) bar = at;
  const row = findFullName(name, bar ? <u32>(bar - name) : bytes);
  if (!row) return Rule.UNKNOWN;
  if (!bar) {
    setCommand(selector, row, true);
    noteRule(selector, row.nameAddress, row.nameBytes, true);
    return Rule.FINE;
  }
  if (row.parent) return Rule.FIRST_ARGUMENT;
  const wordBytes = <u32>(name + bytes - bar - 1);
  if (!wordBytes) return Rule.SYNTAX;
  if (row.firstChild) {
    const child = findSubcommand(row, bar + 1, wordBytes);
    if (!child) return Rule.UNKNOWN;
    setCommand(selector, child, true);
  } else {
    allowFirstArgument(selector, row, bar + 1, wordBytes);
  }
  noteRule(selector, name, bytes, true);
  return Rule.FINE;
}

function allowFirstArgument(selector: Selector, row: Row, word: usize, bytes: u32): void {
  for (let at = <usize>selector.firstArguments; at; at = changetype<Pattern>(at).next) {
    const pattern = changetype<Pattern>(at);
    if (pattern.flags != row.number || pattern.bytes != bytes) continue;
    if (equalsBytesIgnoreCase(pattern.text, word, bytes)) return;
  }
  addPattern(field(selector, offsetof<Selector>("firstArguments")), row.number, word, bytes);
}

function denyCommand(selector: Selector, name: usize, bytes: u32): Rule {
  const row = findFullName(name, bytes);
  if (!row) return Rule.UNKNOWN;
  setCommand(selector, row, false);
  noteRule(selector, row.nameAddress, row.nameBytes, false);
  return Rule.FINE;
}

/** Writes the rule at the end of the text of rules; an earlier one about the same goes. */
function noteRule(selector: Selector, name: usize, bytes: u32, isAllowed: bool): void {
  const old = <usize>selector.rules;
  const end = old + selector.rulesBytes;
  const text = allocate(Arena.SERVER, selector.rulesBytes + bytes + 2);
  let out = text;
  let at = old;
  while (at < end) {
    const space = findByte(at, end, 0x20);
    const stop = space ? space : end;
    if (!isAbout(at + 1, <u32>(stop - at - 1), name, bytes)) {
      memory.copy(out, at, stop - at);
      out += stop - at;
      store<u8>(out++, 0x20);
    }
    at = stop + 1;
  }
  store<u8>(out++, isAllowed ? 0x2b : 0x2d);
  for (let index: u32 = 0; index < bytes; index++) {
    store<u8>(out++, lowerByte(load<u8>(name + index)));
  }
  if (old) release(old);
  selector.rules = <u32>text;
  selector.rulesBytes = <u32>(out - text);
}

/** Whether an earlier rule is about the same command or category, or a part of the command. */
function isAbout(rule: usize, ruleBytes: u32, name: usize, bytes: u32): bool {
  if (ruleBytes < bytes || !equalsBytesIgnoreCase(rule, name, bytes)) return false;
  return ruleBytes == bytes || load<u8>(rule + bytes) == 0x7c;
}
