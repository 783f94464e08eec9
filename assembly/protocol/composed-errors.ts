/**
 * The error texts that carry something of the command; errors.ts has the constant ones.
 *
 * Functions named reply... compose one error into the reply sink; names of commands are given as
 * bytes in lower case, in the form "container|subcommand" where there is one. Texts follow Redis
 * 7.4.
 */
import {
  replyErrorByte, replyErrorBytes, replyErrorCut, replyErrorEnd, replyErrorInteger, replyErrorLast,
  replyErrorStart, replyErrorText,
} from "./reply";

export function replyWrongArity(name: usize, nameBytes: usize): void {
  replyErrorStart("ERR wrong number of arguments for '");
  replyErrorBytes(name, nameBytes);
  replyErrorText("' command");
  replyErrorEnd();
}

/** `vector` holds {address: u32, bytes: u32} per argument, the command's name first. */
export function replyUnknownCommand(vector: usize, count: u32): void {
  replyErrorStart("ERR unknown command '");
  replyErrorCut(load<u32>(vector), load<u32>(vector, 4), 128);
  replyErrorText("', with args beginning with: ");
  let written: usize = 0;
  for (let index: u32 = 1; index < count && written < 128; index++) {
    const argument = vector + (<usize>index << 3);
    replyErrorText("'");
    written += 3 + replyErrorCut(load<u32>(argument), load<u32>(argument, 4), 128 - written);
    replyErrorText("' ");
  }
  replyErrorEnd();
}

/** `container` is the name of the command as given; the text shows it in upper case. */
export function replyUnknownSubcommand(
  name: usize, nameBytes: usize, container: usize, containerBytes: usize,
): void {
  replyErrorStart("ERR unknown subcommand '");
  replyErrorCut(name, nameBytes, 128);
  replyErrorText("'. Try ");
  for (let index: usize = 0; index < containerBytes; index++) {
    const byte = <u32>load<u8>(container + index);
    replyErrorByte(byte - 0x61 < 26 ? byte - 0x20 : byte);
  }
  replyErrorText(" HELP.");
  replyErrorEnd();
}

/** What a container, named in upper case, says of a subcommand whose arguments do not fit. */
export function replySubcommandSyntax(name: usize, nameBytes: usize, container: string): void {
  replyErrorStart("ERR unknown subcommand or wrong number of arguments for '");
  replyErrorCut(name, nameBytes, 128);
  replyErrorText("'. Try ");
  replyErrorText(container);
  replyErrorText(" HELP.");
  replyErrorEnd();
}

export function replyInvalidExpire(name: usize, nameBytes: usize): void {
  replyErrorStart("ERR invalid expire time in '");
  replyErrorBytes(name, nameBytes);
  replyErrorText("' command");
  replyErrorEnd();
}

/** Start, foreign bytes, end: for texts that quote one argument. */
export function replyErrorAround(
  start: string, address: usize, bytes: usize, end: string,
): void {
  replyErrorStart(start);
  replyErrorBytes(address, bytes);
  replyErrorText(end);
  replyErrorEnd();
}

/** EXPIRE family: "Unsupported option foo". */
export function replyUnsupportedOption(address: usize, bytes: usize): void {
  replyErrorStart("ERR Unsupported option ");
  replyErrorLast(address, bytes);
}

/** HGETEX, HSETEX: "unknown argument: foo". */
export function replyUnknownArgument(address: usize, bytes: usize): void {
  replyErrorStart("ERR unknown argument: ");
  replyErrorLast(address, bytes);
}

/** INCREX: which of its numbers is wrong ("Increment", "LBOUND", "UBOUND"). */
export function replyWrongNumber(name: string, isInteger: bool): void {
  replyErrorStart("ERR ");
  replyErrorText(name);
  replyErrorText(isInteger ? " is not an integer or out of range" : " is not a valid float");
  replyErrorEnd();
}

export function replyUnknownConfiguration(name: usize, nameBytes: usize): void {
  replyErrorAround(
    "ERR Unknown option or number of arguments for CONFIG SET - '", name, nameBytes, "'",
  );
}

/** CONFIG SET of a known name whose value does not do. */
export function replyConfigurationFailed(name: usize, nameBytes: usize, reason: string): void {
  replyErrorStart("ERR CONFIG SET failed (possibly related to argument '");
  replyErrorBytes(name, nameBytes);
  replyErrorText("') - ");
  replyErrorText(reason);
  replyErrorEnd();
}

export function replyUnknownClientType(name: usize, nameBytes: usize): void {
  replyErrorAround("ERR Unknown client type '", name, nameBytes, "'");
}

export function replyHelloOption(name: usize, nameBytes: usize): void {
  replyErrorAround("ERR Syntax error in HELLO option '", name, nameBytes, "'");
}

/** CLIENT SETINFO of an attribute that does not exist. */
export function replyUnrecognizedOption(name: usize, nameBytes: usize): void {
  replyErrorAround("ERR Unrecognized option '", name, nameBytes, "'");
}

/** CLIENT SETINFO of a value with blanks or control bytes. */
export function replyInvalidAttribute(name: usize, nameBytes: usize): void {
  replyErrorAround(
    "ERR ", name, nameBytes, " cannot contain spaces, newlines or special characters.",
  );
}

/** A RESP2 session that is subscribed; `name` is the command's, in lower case. */
export function replyNotWhileSubscribed(name: usize, nameBytes: usize): void {
  replyErrorAround(
    "ERR Can't execute '", name, nameBytes,
    "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
  );
}

/** "value is out of range, value must between 0 and 10", with the bounds given. */
export function replyOutsideRange(least: i64, most: i64): void {
  replyErrorStart("ERR value is out of range, value must between ");
  replyErrorInteger(least);
  replyErrorText(" and ");
  replyErrorInteger(most);
  replyErrorEnd();
}

/** "Protocol error: expected '$', got 'x'". */
export function replyExpectedDollar(byte: u32): void {
  replyErrorStart("ERR Protocol error: expected '$', got '");
  replyErrorByte(byte);
  replyErrorText("'");
  replyErrorEnd();
}

/** BITOP with too few sources; the combination is named in upper case. */
export function replyBitopSources(name: string): void {
  replyErrorStart("ERR BITOP ");
  replyErrorText(name);
  replyErrorText(" must be called with at least two source keys.");
  replyErrorEnd();
}

export function replyUnknownPfdebug(name: usize, nameBytes: usize): void {
  replyErrorAround("ERR Unknown PFDEBUG subcommand '", name, nameBytes, "'");
}

/** DUMP of a hash whose fields expire at a version of RDB that knows no times of fields. */
export function replyNeedsVersion(key: usize, keyBytes: usize): void {
  replyErrorAround(
    "ERR fields of the hash '", key, keyBytes, "' expire, which RDB tells from rdb-version 12 on",
  );
}

/** CLIENT TRACKING with prefixes of which one begins with the other. */
export function replyPrefixOverlap(
  text: usize,
  bytes: usize,
  relation: string,
  other: usize,
  otherBytes: usize,
): void {
  replyErrorStart("ERR Prefix '");
  replyErrorBytes(text, bytes);
  replyErrorText("'");
  replyErrorText(relation);
  replyErrorBytes(other, otherBytes);
  replyErrorText("'. Prefixes for a single client must not overlap.");
  replyErrorEnd();
}
