/**
 * Users: who may enter and what they may do.
 *
 *   User (SERVER block) -> next user by name
 *     name, flags, passwords (block of 32-byte SHA-256 digests)
 *     selectors -> Selector -> Selector ...     the first is the user's own, the others in ( )
 *       bits of the rows that may run | key patterns | channel patterns | first arguments | rules
 *   Pattern (SERVER block): next, flags (key access, or row number of a first argument), text
 *
 * A session points at its user. A change of a user is made to a copy of its rules, which takes the
 * place of the old ones when all of it is right, so that the record itself stays where it is. What
 * the hot path asks is one word of the session: `isLimited`, 0 while its user may do everything.
 *
 *   SERVER root + 0x4800  first user, default user, count | +0x40 log (server/users-log.ts)
 *
 * Invariants: the user "default" is always there; users are in the order of their names.
 * Cost: 36 bytes and 160 for each selector, its patterns and passwords.
 */

import { EXCHANGE, Exchange, SERVER_ROOT, SessionFlag } from "../abi";
import { Arena, allocate, release } from "../memory/allocator";
import { compareBytes, equalBytes, equalSecrets } from "../memory/bytes";
import { replaceText } from "../memory/owned-text";
import { SHA256_BYTES, sha256 } from "../memory/sha256";
import { writeLiteral } from "../text/case";
import { Session, firstSession, nextSession } from "./session";

export const enum UserFlag {
  ON = 1,
  NO_PASSWORD = 2,
  SKIPS_CHECKS = 4,
}

export const enum SelectorFlag {
  ALL_KEYS = 1,
  ALL_COMMANDS = 2,
  ALL_CHANNELS = 4,
  /** Rules start from all commands, also later ones. */
  FUTURE = 8,
}

export const enum KeyAccess {
  READ = 1,
  WRITE = 2,
  BOTH = 3,
}

/** Room for the bits of 1,024 rows. */
export const COMMAND_BITS_BYTES: u32 = 128;

@unmanaged
export class User {
  next: u32;
  name: u32;
  nameBytes: u32;
  /** UserFlag. */
  flags: u32;
  passwords: u32;
  passwordBytes: u32;
  selectors: u32;
  /** 1: a line of the configuration has declared it. */
  isDeclared: u32;
  /** 1: may run everything on everything. */
  isFree: u32;
}

@unmanaged
export class Selector {
  next: u32;
  /** SelectorFlag. */
  flags: u32;
  keys: u32;
  channels: u32;
  firstArguments: u32;
  /** Owned text: the command rules as ACL LIST shows them. */
  rules: u32;
  rulesBytes: u32;
  reserved: u32;
}

@unmanaged
export class Pattern {
  next: u32;
  flags: u32;
  bytes: u32;

  // @ts-ignore: decorator
  @inline
  get text(): usize {
    return changetype<usize>(this) + offsetof<Pattern>();
  }
}

const SELECTOR_BYTES: u32 = <u32>offsetof<Selector>() + COMMAND_BITS_BYTES;

@unmanaged
class UsersRoot {
  first: u32;
  default: u32;
  count: u32;
}

// @ts-ignore: decorator
@inline
function root(): UsersRoot {
  return changetype<UsersRoot>(SERVER_ROOT + 0x4800);
}

export function initializeUsers(): void {
  memory.fill(SERVER_ROOT + 0x4800, 0, 0x100);
  const user = addUser(SERVER_ROOT + 0x48c0, writeLiteral(SERVER_ROOT + 0x48c0, "default"));
  user.flags = UserFlag.ON | UserFlag.NO_PASSWORD;
  allowEverything(firstSelector(user));
  root().default = <u32>changetype<usize>(user);
  settleUser(user);
}

function allowEverything(selector: Selector): void {
  selector.flags = SelectorFlag.ALL_KEYS | SelectorFlag.ALL_COMMANDS
    | SelectorFlag.ALL_CHANNELS | SelectorFlag.FUTURE;
  memory.fill(commandBits(selector), 0xff, COMMAND_BITS_BYTES);
}

// @ts-ignore: decorator
@inline
export function defaultUser(): User {
  return changetype<User>(<usize>root().default);
}

export function userCount(): u32 {
  return root().count;
}

export function firstUser(): User | null {
  return changetype<User | null>(<usize>root().first);
}

export function nextUser(user: User): User | null {
  return changetype<User | null>(<usize>user.next);
}

export function findUser(name: usize, bytes: u32): User | null {
  let user = firstUser();
  while (user) {
    if (user.nameBytes == bytes && equalBytes(user.name, name, bytes)) return user;
    user = nextUser(user);
  }
  return null;
}

// @ts-ignore: decorator
@inline
export function firstSelector(user: User): Selector {
  return changetype<Selector>(<usize>user.selectors);
}

// @ts-ignore: decorator
@inline
export function commandBits(selector: Selector): usize {
  return changetype<usize>(selector) + offsetof<Selector>();
}

/** A selector that allows nothing; its memory is reserved. */
export function createSelector(): Selector {
  const address = allocate(Arena.SERVER, SELECTOR_BYTES);
  memory.fill(address, 0, SELECTOR_BYTES);
  return changetype<Selector>(address);
}

/** A record for a user, off and without rights, that is in no list. */
export function createUser(name: usize, bytes: u32): User {
  const address = allocate(Arena.SERVER, offsetof<User>());
  memory.fill(address, 0, offsetof<User>());
  const user = changetype<User>(address);
  replaceText(address + offsetof<User>("name"), name, bytes);
  user.selectors = <u32>changetype<usize>(createSelector());
  return user;
}

/** Makes a user and puts it in its place in the list. */
export function addUser(name: usize, bytes: u32): User {
  const user = createUser(name, bytes);
  placeUser(user);
  return user;
}

/** Puts a record into the list. */
export function placeUser(user: User): void {
  let link = changetype<usize>(root()) + offsetof<UsersRoot>("first");
  while (load<u32>(link)) {
    const other = changetype<User>(<usize>load<u32>(link));
    if (compareBytes(other.name, other.nameBytes, user.name, user.nameBytes) > 0) break;
    link = <usize>load<u32>(link) + offsetof<User>("next");
  }
  user.next = load<u32>(link);
  store<u32>(link, <u32>changetype<usize>(user));
  root().count += 1;
}

/** Takes a user out of the list and frees it; no session is of it any more. */
export function removeUser(user: User): void {
  let link = changetype<usize>(root()) + offsetof<UsersRoot>("first");
  while (load<u32>(link) != <u32>changetype<usize>(user)) {
    link = <usize>load<u32>(link) + offsetof<User>("next");
  }
  store<u32>(link, user.next);
  root().count -= 1;
  freeUser(user);
}

/** Frees a record that is in no list. */
export function freeUser(user: User): void {
  freeRights(user);
  if (user.name) release(user.name);
  release(changetype<usize>(user));
}

function freeRights(user: User): void {
  while (user.selectors) {
    const selector = firstSelector(user);
    user.selectors = selector.next;
    freeSelector(selector);
  }
  if (user.passwords) release(user.passwords);
}

export function freeSelector(selector: Selector): void {
  freePatterns(changetype<usize>(selector) + offsetof<Selector>("keys"));
  freePatterns(changetype<usize>(selector) + offsetof<Selector>("channels"));
  freePatterns(changetype<usize>(selector) + offsetof<Selector>("firstArguments"));
  if (selector.rules) release(selector.rules);
  release(changetype<usize>(selector));
}

/** Empties the list of patterns that hangs on a field. */
export function freePatterns(field: usize): void {
  while (load<u32>(field)) {
    const address = <usize>load<u32>(field);
    store<u32>(field, changetype<Pattern>(address).next);
    release(address);
  }
}

/** Adds a pattern at the end of the list that hangs on a field. */
export function addPattern(field: usize, flags: u32, text: usize, bytes: u32): void {
  const address = allocate(Arena.SERVER, <u32>offsetof<Pattern>() + bytes);
  const pattern = changetype<Pattern>(address);
  pattern.next = 0;
  pattern.flags = flags;
  pattern.bytes = bytes;
  memory.copy(pattern.text, text, bytes);
  let link = field;
  while (load<u32>(link)) link = <usize>load<u32>(link);
  store<u32>(link, <u32>address);
}

// ---- Copies -------------------------------------------------------------------------------------

/** Upper bound of what the copy of a user takes. */
export function userBytes(user: User): f64 {
  let bytes: f64 = <f64>user.nameBytes + user.passwordBytes + 256;
  let address = <usize>user.selectors;
  while (address) {
    const selector = changetype<Selector>(address);
    bytes += <f64>SELECTOR_BYTES + selector.rulesBytes + 64;
    bytes += patternBytes(selector.keys) + patternBytes(selector.channels)
      + patternBytes(selector.firstArguments);
    address = selector.next;
  }
  return bytes;
}

function patternBytes(first: u32): f64 {
  let bytes: f64 = 0;
  for (let address = <usize>first; address; address = changetype<Pattern>(address).next) {
    bytes += <f64>changetype<Pattern>(address).bytes + 48;
  }
  return bytes;
}

/** A record of its own with everything that a user has. */
export function copyUser(user: User): User {
  const copy = createUser(user.name, user.nameBytes);
  copy.flags = user.flags;
  replaceText(changetype<usize>(copy) + offsetof<User>("passwords"), user.passwords,
    user.passwordBytes);
  freeSelector(firstSelector(copy));
  let link = changetype<usize>(copy) + offsetof<User>("selectors");
  for (let address = <usize>user.selectors; address; address = changetype<Selector>(address).next) {
    const selector = copySelector(changetype<Selector>(address));
    store<u32>(link, <u32>changetype<usize>(selector));
    link = changetype<usize>(selector);
  }
  return copy;
}

function copySelector(selector: Selector): Selector {
  const copy = createSelector();
  copy.flags = selector.flags;
  memory.copy(commandBits(copy), commandBits(selector), COMMAND_BITS_BYTES);
  const target = changetype<usize>(copy);
  copyPatterns(target + offsetof<Selector>("keys"), selector.keys);
  copyPatterns(target + offsetof<Selector>("channels"), selector.channels);
  copyPatterns(target + offsetof<Selector>("firstArguments"), selector.firstArguments);
  replaceText(target + offsetof<Selector>("rules"), selector.rules, selector.rulesBytes);
  return copy;
}

function copyPatterns(field: usize, first: u32): void {
  for (let address = <usize>first; address; address = changetype<Pattern>(address).next) {
    const pattern = changetype<Pattern>(address);
    addPattern(field, pattern.flags, pattern.text, pattern.bytes);
  }
}

/** Gives `user` what `copy` has and frees the copy; sessions of the user feel it at once. */
export function adoptRights(user: User, copy: User): void {
  freeRights(user);
  user.flags = copy.flags;
  user.passwords = copy.passwords;
  user.passwordBytes = copy.passwordBytes;
  user.selectors = copy.selectors;
  if (copy.name) release(copy.name);
  release(changetype<usize>(copy));
  settleUser(user);
}

/** Derives what hot paths read, for the user and for the sessions that are of it. */
export function settleUser(user: User): void {
  const everything = SelectorFlag.ALL_KEYS | SelectorFlag.ALL_COMMANDS | SelectorFlag.ALL_CHANNELS;
  user.isFree = u32((firstSelector(user).flags & everything) == everything);
  if (user == defaultUser()) {
    store<u32>(EXCHANGE + Exchange.NEEDS_PASSWORD, u32(needsPasswordOf(user)));
  }
  let session = firstSession();
  while (session) {
    if (session.user == <u32>changetype<usize>(user)) setUser(session, user);
    session = nextSession(session);
  }
}

// @ts-ignore: decorator
@inline
function needsPasswordOf(user: User): bool {
  return (user.flags & (UserFlag.ON | UserFlag.NO_PASSWORD))
    != (UserFlag.ON | UserFlag.NO_PASSWORD);
}

/** Whether a connection has to show a password: the default user has one, or is off. */
// @ts-ignore: decorator
@inline
export function isPasswordNeeded(): bool {
  return load<u32>(EXCHANGE + Exchange.NEEDS_PASSWORD) != 0;
}

/** The session is of this user from now on. */
export function setUser(session: Session, user: User): void {
  session.user = <u32>changetype<usize>(user);
  const isTrusted = (session.flags & (SessionFlag.INTERNAL | SessionFlag.REPLAY)) != 0;
  session.isLimited = u32(!isTrusted && !user.isFree);
}

// @ts-ignore: decorator
@inline
export function userOf(session: Session): User {
  return changetype<User>(<usize>session.user);
}

// ---- Passwords ----------------------------------------------------------------------------------

/** Where a digest is put together. */
const DIGEST: usize = SERVER_ROOT + 0x48e0;

/**
 * Whether the password lets the user in; null: there is no such user. The digest is made whatever
 * the answer, so that the time does not tell which names there are.
 */
export function isPassword(user: User | null, password: usize, bytes: u32): bool {
  sha256(DIGEST, password, bytes);
  if (!user || !(user.flags & UserFlag.ON)) return false;
  if (user.flags & UserFlag.NO_PASSWORD) return true;
  let found = false;
  for (let at: u32 = 0; at < user.passwordBytes; at += SHA256_BYTES) {
    const same = equalSecrets(user.passwords + at, SHA256_BYTES, DIGEST, SHA256_BYTES);
    found = found || same;
  }
  return found;
}

/** Place of a digest among the passwords of a user; -1: it is none of them. */
function placeOf(user: User, digest: usize): i32 {
  for (let at: u32 = 0; at < user.passwordBytes; at += SHA256_BYTES) {
    if (equalBytes(user.passwords + at, digest, SHA256_BYTES)) return <i32>at;
  }
  return -1;
}

/** Adds a digest; its memory is reserved. */
export function addPassword(user: User, digest: usize): void {
  user.flags &= ~UserFlag.NO_PASSWORD;
  if (placeOf(user, digest) >= 0) return;
  const bytes = user.passwordBytes;
  const block = allocate(Arena.SERVER, bytes + SHA256_BYTES);
  memory.copy(block, user.passwords, bytes);
  memory.copy(block + bytes, digest, SHA256_BYTES);
  if (user.passwords) release(user.passwords);
  user.passwords = <u32>block;
  user.passwordBytes = bytes + SHA256_BYTES;
}

/** Removes a digest; false: it is not there. */
export function removePassword(user: User, digest: usize): bool {
  const place = placeOf(user, digest);
  if (place < 0) return false;
  const at = user.passwords + place;
  user.passwordBytes -= SHA256_BYTES;
  memory.copy(at, at + SHA256_BYTES, user.passwordBytes - place);
  if (!user.passwordBytes) clearPasswords(user);
  return true;
}

export function clearPasswords(user: User): void {
  if (user.passwords) release(user.passwords);
  user.passwords = 0;
  user.passwordBytes = 0;
}

/** `requirepass`: the one password of the default user, or none. */
export function setDefaultPassword(password: usize, bytes: u32): void {
  const user = defaultUser();
  clearPasswords(user);
  user.flags &= ~UserFlag.NO_PASSWORD;
  if (bytes) {
    sha256(DIGEST, password, bytes);
    addPassword(user, DIGEST);
  } else {
    user.flags |= UserFlag.NO_PASSWORD;
  }
  settleUser(user);
}
