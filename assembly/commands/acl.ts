/**
 * ACL: users, what they may do, and what was refused.
 *
 * What a user is stands in server/users.ts, the language of rules in server/users-rules.ts.
 */

import { Request, SERVER_ROOT, SessionFlag } from "../abi";
import { nextObservation } from "../memory/root";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  OUT_OF_MEMORY, replyErrorAround, replySubcommandSyntax, replyWrongArity,
} from "../protocol/errors";
import {
  replyArray, replyBulk, replyBulkText, replyEmptyArray, replyError, replyErrorBytes,
  replyErrorEnd, replyErrorStart, replyInteger, replyMap, replyNull, replyOk, replySet,
} from "../protocol/reply";
import { CATEGORY_COUNT, categoriesOf, categoryName, findCategory } from "../server/categories";
import { Call, integerOrReply, requestHost, reserveOrReply } from "../server/call";
import { parameterNamed } from "../server/parameter";
import {
  command, findSpoken, findSubcommand, firstRow, nextRow, renameRow,
} from "../server/table";
import {
  Selector, User, UserFlag, addUser, copyUser, createUser, defaultUser, findUser, firstSelector,
  firstUser, freeUser, nextUser, userBytes, userCount, userOf,
} from "../server/users";
import {
  applyRules, changeUser, declareUser, deleteUser, isNameFit, replaceUsers, writeProblem,
} from "../server/users-apply";
import { checkUser, refusedArgument } from "../server/users-check";
import { Denied } from "../server/users-log";
import { startRights } from "../server/users-rules";
import {
  writeChannels, writeCommands, writeDigest, writeKeys, writeUser,
} from "../server/users-text";
import { SHA256_BYTES } from "../memory/sha256";
import {
  TEXT_BUILDER_BYTES, TextBuilder, builderByte, builderBytes, builderFree, builderHex,
  builderStart, builderText,
} from "../text/builder";
import { aclLog } from "./acl-log";
import { containerHelp } from "./help";
import { newText } from "./text-reply";

/** Text for the host, kept until the request completes. */
const HOST_TEXT: usize = SERVER_ROOT + 0x4880;
const NO_FILE: string = "ERR This Redis instance is not configured to use an ACL file. You may \
want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you \
have a Redis configuration file set) in order to store users in the Redis configuration.";
const GENPASS_BITS: string = "ERR ACL GENPASS argument must be the number of bits for the output \
password, a positive number up to 4096";
/** Copies of a rule and of what it becomes, in multiples of its bytes. */
const RULE_BYTES: f64 = 24;

function container(call: Call): void {}

// ---- Changing -----------------------------------------------------------------------------------

/** Memory for the rules of the arguments and for copies of what a user has; or the error. */
function reserveForRules(call: Call, user: User | null): bool {
  let bytes: f64 = 65536 + <f64>call.argumentCount * 1024;
  for (let index = 2; index < call.argumentCount; index++) {
    bytes += <f64>call.bytesOf(index) * RULE_BYTES;
  }
  return reserveOrReply(bytes + (user ? userBytes(user) * 2 : 0));
}

function setUserCommand(call: Call): void {
  const name = call.at(2);
  const bytes = call.bytesOf(2);
  if (bytes && !isNameFit(name, bytes)) {
    return replyError("ERR Usernames can't contain spaces or null characters");
  }
  const user = findUser(name, bytes);
  if (!reserveForRules(call, user)) return;
  const copy = user ? copyUser(user) : createUser(name, bytes);
  if (!user) startRights(copy);
  if (!applyRules(copy, call.arguments, 3, call.argumentCount)) {
    freeUser(copy);
    return replyProblem();
  }
  changeUser(user ? user : addUser(name, bytes), copy, call.session);
  replyOk();
}

function replyProblem(): void {
  const mark = scratchMark();
  const text = newText();
  writeProblem(text, "Error in ACL SETUSER modifier '");
  replyErrorStart("ERR ");
  replyErrorBytes(text.address, text.bytes);
  replyErrorEnd();
  builderFree(text);
  scratchRelease(mark);
}

function deleteUsers(call: Call): void {
  for (let index = 2; index < call.argumentCount; index++) {
    if (findUser(call.at(index), call.bytesOf(index)) != defaultUser()) continue;
    return replyError("ERR The 'default' user cannot be removed");
  }
  let deleted = 0;
  for (let index = 2; index < call.argumentCount; index++) {
    const user = findUser(call.at(index), call.bytesOf(index));
    if (!user) continue;
    deleteUser(user, call.session);
    deleted += 1;
  }
  replyInteger(deleted);
}

// ---- Showing ------------------------------------------------------------------------------------

/** Answers what is in a text and empties it. */
function replyLine(text: TextBuilder): void {
  replyBulk(text.address, text.bytes);
  text.bytes = 0;
}

function listUsers(call: Call): void {
  const mark = scratchMark();
  const text = newText();
  replyArray(userCount());
  let user = firstUser();
  while (user) {
    writeUser(text, user);
    replyLine(text);
    user = nextUser(user);
  }
  builderFree(text);
  scratchRelease(mark);
}

function userNames(call: Call): void {
  replyArray(userCount());
  let user = firstUser();
  while (user) {
    replyBulk(user.name, user.nameBytes);
    user = nextUser(user);
  }
}

function whoAmI(call: Call): void {
  const user = userOf(call.session);
  replyBulk(user.name, user.nameBytes);
}

function getUser(call: Call): void {
  const user = findUser(call.at(2), call.bytesOf(2));
  if (!user) return replyNull();
  const mark = scratchMark();
  const text = newText();
  replyMap(6);
  replyBulkText("flags");
  const hasNoPassword = user.flags & UserFlag.NO_PASSWORD;
  replySet(hasNoPassword ? 3 : 2);
  replyBulkText(user.flags & UserFlag.ON ? "on" : "off");
  if (hasNoPassword) replyBulkText("nopass");
  replyBulkText(user.flags & UserFlag.SKIPS_CHECKS ? "skip-sanitize-payload" : "sanitize-payload");
  replyBulkText("passwords");
  replyArray(user.passwordBytes / SHA256_BYTES);
  for (let at: u32 = 0; at < user.passwordBytes; at += SHA256_BYTES) {
    writeDigest(text, user.passwords + at);
    replyLine(text);
  }
  replySelector(text, firstSelector(user));
  replyBulkText("selectors");
  let count: u32 = 0;
  let at = <usize>firstSelector(user).next;
  for (; at; at = changetype<Selector>(at).next) count += 1;
  replyArray(count);
  for (at = firstSelector(user).next; at; at = changetype<Selector>(at).next) {
    replyMap(3);
    replySelector(text, changetype<Selector>(at));
  }
  builderFree(text);
  scratchRelease(mark);
}

function replySelector(text: TextBuilder, selector: Selector): void {
  replyBulkText("commands");
  writeCommands(text, selector);
  replyLine(text);
  replyBulkText("keys");
  writeKeys(text, selector);
  replyLine(text);
  replyBulkText("channels");
  writeChannels(text, selector);
  replyLine(text);
}

function categories(call: Call): void {
  if (call.argumentCount > 3) return replySubcommandSyntax(call.at(1), call.bytesOf(1), "ACL");
  if (call.argumentCount == 2) {
    replyArray(CATEGORY_COUNT);
    for (let number = 0; number < CATEGORY_COUNT; number++) replyBulkText(categoryName(number));
    return;
  }
  const category = findCategory(call.at(2), call.bytesOf(2));
  if (category < 0) {
    return replyErrorAround("ERR Unknown category '", call.at(2), call.bytesOf(2), "'");
  }
  let count: u32 = 0;
  for (let pass = 0; pass < 2; pass++) {
    if (pass) replyArray(count);
    let row = firstRow();
    while (row) {
      if ((categoriesOf(row) >> category) & 1) {
        if (pass) replyBulk(row.nameAddress, row.nameBytes);
        else count += 1;
      }
      row = nextRow(row);
    }
  }
}

function generatePassword(call: Call): void {
  let bits: i64 = 256;
  if (call.argumentCount > 3) return replySubcommandSyntax(call.at(1), call.bytesOf(1), "ACL");
  if (call.argumentCount == 3) {
    if (!integerOrReply(call, 2)) return;
    bits = call.integer;
    if (bits <= 0 || bits > 4096) return replyError(GENPASS_BITS);
  }
  const mark = scratchMark();
  const text = newText();
  for (let left = <i32>((bits + 3) / 4); left > 0; left -= 8) {
    // Half of each number, so that what is shown does not give the sequence away.
    builderHex(text, nextObservation() >> 32, min(left, 8));
  }
  replyLine(text);
  builderFree(text);
  scratchRelease(mark);
}

function dryRun(call: Call): void {
  const user = findUser(call.at(2), call.bytesOf(2));
  if (!user) return replyErrorAround("ERR User '", call.at(2), call.bytesOf(2), "' not found");
  const vector = <usize>call.arguments + 24;
  const count = call.argumentCount - 3;
  let row = findSpoken(call.at(3), call.bytesOf(3));
  if (row && row.firstChild && count > 1) row = findSubcommand(row, call.at(4), call.bytesOf(4));
  if (!row) {
    return replyErrorAround("ERR Command '", call.at(3), call.bytesOf(3), "' not found");
  }
  if (row.arity > 0 ? row.arity != count : count < -row.arity) {
    return replyWrongArity(row.nameAddress, row.nameBytes);
  }
  const denied = checkUser(user, row, vector, count);
  if (denied == Denied.NOTHING) return replyOk();
  const mark = scratchMark();
  const text = newText();
  builderText(text, "User ");
  builderBytes(text, user.name, user.nameBytes);
  if (denied == Denied.COMMAND) {
    builderText(text, " has no permissions to run the '");
    builderBytes(text, row.nameAddress, row.nameBytes);
    builderText(text, "' command");
  } else {
    const index = 3 + refusedArgument();
    builderText(text, " has no permissions to access the '");
    builderBytes(text, call.at(index), call.bytesOf(index));
    builderText(text, denied == Denied.KEY ? "' key" : "' channel");
  }
  if (text.isIncomplete) replyError(OUT_OF_MEMORY);
  else replyLine(text);
  builderFree(text);
  scratchRelease(mark);
}

// ---- The file of users --------------------------------------------------------------------------

function hasFile(): bool {
  return parameterNamed("aclfile").textBytes > 0;
}

function loadUsers(call: Call): void {
  if (!hasFile()) return replyError(NO_FILE);
  requestHost(call, Request.ACL_FILE, 0, 0, 0);
}

function saveUsers(call: Call): void {
  if (!hasFile()) return replyError(NO_FILE);
  const text = changetype<TextBuilder>(HOST_TEXT);
  if (text.address) builderFree(text);
  builderStart(text);
  let user = firstUser();
  while (user) {
    writeUser(text, user);
    builderByte(text, 0x0a);
    user = nextUser(user);
  }
  if (text.isIncomplete) return replyError(OUT_OF_MEMORY);
  requestHost(call, Request.ACL_FILE, 1, text.address, text.bytes);
}

/** QUIRE USER name rule...: a `user` line of the configuration. */
function quireUser(call: Call): void {
  if (!call.session.has(SessionFlag.INTERNAL)) {
    return replyError("ERR QUIRE USER belongs to the host");
  }
  if (!reserveForRules(call, null)) return;
  const mark = scratchMark();
  const text = newText();
  if (declareUser(text, call.arguments, 2, call.argumentCount)) replyOk();
  else replyText(text);
  builderFree(text);
  scratchRelease(mark);
}

function replyText(text: TextBuilder): void {
  replyErrorStart("ERR ");
  replyErrorBytes(text.address, text.bytes);
  replyErrorEnd();
}

/** QUIRE USERS file text: the file of users; all of it or nothing. */
function quireUsers(call: Call): void {
  if (!call.session.has(SessionFlag.INTERNAL)) {
    return replyError("ERR QUIRE USERS belongs to the host");
  }
  if (!reserveOrReply(<f64>call.bytesOf(3) * RULE_BYTES + 1048576)) return;
  const mark = scratchMark();
  const text = newText();
  if (replaceUsers(text, call.at(3), call.bytesOf(3), call.at(2), call.bytesOf(2), null)) replyOk();
  else replyText(text);
  builderFree(text);
  scratchRelease(mark);
}

/** QUIRE RENAME command name: what clients call it from now on; empty: they cannot call it. */
function quireRename(call: Call): void {
  if (!call.session.has(SessionFlag.INTERNAL)) {
    return replyError("ERR QUIRE RENAME belongs to the host");
  }
  const row = findSpoken(call.at(2), call.bytesOf(2));
  const name = call.at(3);
  const bytes = call.bytesOf(3);
  if (!row) return replyError("ERR No such command in rename-command");
  if (bytes && findSpoken(name, bytes)) {
    return replyError("ERR Target command name already exists");
  }
  if (!reserveOrReply(<f64>bytes + 64)) return;
  renameRow(row, name, bytes);
  replyOk();
}

// ---- Rows ---------------------------------------------------------------------------------------

function sub(
  handler: u32, name: string, since: string, arity: i32, flags: string, args: string,
  complexity: string, summary: string,
): void {
  command(handler, name, "server", since, arity, flags, "", "", args, "", complexity, summary);
}

export function registerAcl(): void {
  memory.fill(HOST_TEXT, 0, TEXT_BUILDER_BYTES);
  command(container.index, "acl", "server", "6.0.0", -2, "", "", "", "", "",
    "Depends on subcommand.", "Users and their rights.");
  sub(categories.index, "acl|cat", "6.0.0", -2, "noscript loading stale", "categoryname:string?",
    "O(N) in the number of commands", "Lists the categories, or the commands of one.");
  sub(deleteUsers.index, "acl|deluser", "6.0.0", -3, "admin noscript loading stale",
    "username:string*", "O(N) in the number of connections",
    "Removes users and disconnects those who are logged in as one.");
  sub(dryRun.index, "acl|dryrun", "7.0.0", -4, "admin noscript loading stale",
    "username:string command:string arg:string?*", "O(1)",
    "Tells whether a user may run a command, without running it.");
  sub(generatePassword.index, "acl|genpass", "6.0.0", -2, "noscript loading stale",
    "bits:integer?", "O(1)", "Makes up a password.");
  sub(getUser.index, "acl|getuser", "6.0.0", 3, "admin noscript loading stale",
    "username:string", "O(N) in the number of rules", "Shows the rules of a user.");
  sub(containerHelp.index, "acl|help", "6.0.0", 2, "loading stale", "", "O(1)",
    "Lists the subcommands.");
  sub(listUsers.index, "acl|list", "6.0.0", 2, "admin noscript loading stale", "",
    "O(N) in the number of users", "Shows all users as the file of users would hold them.");
  sub(loadUsers.index, "acl|load", "6.0.0", 2, "admin noscript loading stale", "",
    "O(N) in the number of users", "Reads the file of users again.");
  sub(aclLog.index, "acl|log", "6.0.0", -2, "admin noscript loading stale",
    "operation:oneof?(count:integer reset:pure-token=RESET)", "O(N) in the number of entries",
    "Shows or forgets what was refused.");
  sub(saveUsers.index, "acl|save", "6.0.0", 2, "admin noscript loading stale", "",
    "O(N) in the number of users", "Writes the file of users.");
  sub(setUserCommand.index, "acl|setuser", "6.0.0", -3, "admin noscript loading stale",
    "username:string rule:string?*", "O(N) in the number of rules",
    "Makes a user or changes its rules, all of them or none.");
  sub(userNames.index, "acl|users", "6.0.0", 2, "admin noscript loading stale", "",
    "O(N) in the number of users", "Lists the names of the users.");
  sub(whoAmI.index, "acl|whoami", "6.0.0", 2, "noscript loading stale", "", "O(1)",
    "Answers the name of the user of this connection.");
  sub(quireRename.index, "quire|rename", "0.1.0", 4, "admin noscript loading stale",
    "command:string name:string", "O(1)", "Gives a command the name that clients use.");
  sub(quireUser.index, "quire|user", "0.1.0", -3, "admin noscript loading stale",
    "name:string rule:string?*", "O(N) in the number of rules",
    "Takes a line of a configuration that declares a user.");
  sub(quireUsers.index, "quire|users", "0.1.0", 4, "admin noscript loading stale",
    "file:string text:string", "O(N) in the number of users", "Takes the file of users.");
}
