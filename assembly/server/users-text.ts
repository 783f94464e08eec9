/** Users and their rules as text: ACL LIST, ACL GETUSER, the file of users. */

import { SHA256_BYTES } from "../memory/sha256";
import {
  TextBuilder, builderByte, builderBytes, builderHex, builderText,
} from "../text/builder";
import {
  KeyAccess, Pattern, Selector, SelectorFlag, User, UserFlag, firstSelector,
} from "./users";

/** "user name on ... ~* &* +@all". */
export function writeUser(out: TextBuilder, user: User): void {
  builderText(out, "user ");
  builderBytes(out, user.name, user.nameBytes);
  builderText(out, user.flags & UserFlag.ON ? " on" : " off");
  if (user.flags & UserFlag.NO_PASSWORD) builderText(out, " nopass");
  builderText(out, user.flags & UserFlag.SKIPS_CHECKS
    ? " skip-sanitize-payload" : " sanitize-payload");
  for (let at: u32 = 0; at < user.passwordBytes; at += SHA256_BYTES) {
    builderText(out, " #");
    writeDigest(out, user.passwords + at);
  }
  builderByte(out, 0x20);
  writeSelector(out, firstSelector(user));
  for (let at = <usize>firstSelector(user).next; at; at = changetype<Selector>(at).next) {
    builderText(out, " (");
    writeSelector(out, changetype<Selector>(at));
    builderByte(out, 0x29);
  }
}

/** 64 hexadecimal digits. */
export function writeDigest(out: TextBuilder, digest: usize): void {
  for (let index: u32 = 0; index < SHA256_BYTES; index++) {
    builderHex(out, load<u8>(digest + index), 2);
  }
}

function writeSelector(out: TextBuilder, selector: Selector): void {
  writeKeys(out, selector);
  if (selector.keys || selector.flags & SelectorFlag.ALL_KEYS) builderByte(out, 0x20);
  if (!(selector.flags & SelectorFlag.ALL_CHANNELS)) builderText(out, "resetchannels ");
  writeChannels(out, selector);
  if (selector.channels || selector.flags & SelectorFlag.ALL_CHANNELS) builderByte(out, 0x20);
  writeCommands(out, selector);
}

/** "~a %R~b", or "~*". */
export function writeKeys(out: TextBuilder, selector: Selector): void {
  if (selector.flags & SelectorFlag.ALL_KEYS) return builderText(out, "~*");
  for (let at = <usize>selector.keys; at; at = changetype<Pattern>(at).next) {
    const pattern = changetype<Pattern>(at);
    if (at != selector.keys) builderByte(out, 0x20);
    if (pattern.flags == KeyAccess.READ) builderText(out, "%R");
    else if (pattern.flags == KeyAccess.WRITE) builderText(out, "%W");
    builderByte(out, 0x7e);
    builderBytes(out, pattern.text, pattern.bytes);
  }
}

/** "&a &b", or "&*". */
export function writeChannels(out: TextBuilder, selector: Selector): void {
  if (selector.flags & SelectorFlag.ALL_CHANNELS) return builderText(out, "&*");
  for (let at = <usize>selector.channels; at; at = changetype<Pattern>(at).next) {
    const pattern = changetype<Pattern>(at);
    if (at != selector.channels) builderByte(out, 0x20);
    builderByte(out, 0x26);
    builderBytes(out, pattern.text, pattern.bytes);
  }
}

/** "-@all +get". */
export function writeCommands(out: TextBuilder, selector: Selector): void {
  builderText(out, selector.flags & SelectorFlag.FUTURE ? "+@all" : "-@all");
  if (!selector.rulesBytes) return;
  builderByte(out, 0x20);
  builderBytes(out, selector.rules, selector.rulesBytes);
}
