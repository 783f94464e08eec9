/**
 * Geo: points as members of sorted sets, whose scores name cells (values/geohash.ts). Searches are
 * in geo-search.ts.
 */

import { lookupRead } from "../keyspace/database";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { NOT_FLOAT, SYNTAX, WRONG_TYPE } from "../protocol/errors";
import { GEO_UNIT } from "../protocol/errors-geo";
import {
  replyArray, replyBulk, replyError, replyErrorBytes, replyErrorEnd, replyErrorStart,
  replyErrorText, replyHumanDouble, replyNull, replyNullArray,
} from "../protocol/reply";
import { Call } from "../server/call";
import { command } from "../server/table";
import { writeFixed } from "../text/doubles";
import { decimalDigits, writeDigits } from "../text/integers";
import {
  GEOHASH_BYTES, LATITUDE_LIMIT, LONGITUDE_LIMIT, Point, pointOf, scoreOf, writeGeohash,
} from "../values/geohash";
import { KeyEntry, Type } from "../values/key-entry";
import { findMember, foundMember } from "../values/sorted-set";
import { distance } from "../values/sphere";
import { registerGeoSearch } from "./geo-search";
import { doubleOrReply } from "./sorted-set-keys";
import { AddFlag, addScored } from "./sorted-sets";

/** Room for any double with four or six decimals. */
const FIXED_BYTES: u32 = 320;

// ---- Shared with the searches ------------------------------------------------------------------

/** Metres of the unit in argument `index`; 0: the error is answered. */
export function unitOrReply(call: Call, index: i32): f64 {
  if (call.is(index, "m")) return 1;
  if (call.is(index, "km")) return 1000;
  if (call.is(index, "ft")) return 0.3048;
  if (call.is(index, "mi")) return 1609.34;
  replyError(GEO_UNIT);
  return 0;
}

function replyErrorFixed(value: f64): void {
  const mark = scratchMark();
  const text = scratchTake(FIXED_BYTES);
  replyErrorBytes(text, writeFixed(text, value, 6));
  scratchRelease(mark);
}

/** Longitude and latitude from argument `index` on; false: the error is answered. */
export function pointOrReply(call: Call, index: i32, out: Point): bool {
  if (!doubleOrReply(call, index, NOT_FLOAT)) return false;
  out.longitude = call.double;
  if (!doubleOrReply(call, index + 1, NOT_FLOAT)) return false;
  out.latitude = call.double;
  if (abs(out.longitude) <= LONGITUDE_LIMIT && abs(out.latitude) <= LATITUDE_LIMIT) return true;
  replyErrorStart("ERR invalid longitude,latitude pair ");
  replyErrorFixed(out.longitude);
  replyErrorText(",");
  replyErrorFixed(out.latitude);
  replyErrorEnd();
  return false;
}

/** A distance with four decimals, a bulk in both protocols. */
export function replyDistance(metres: f64): void {
  const mark = scratchMark();
  const text = scratchTake(FIXED_BYTES);
  const scaled = metres * 10000.0;
  const rest = scaled - floor(scaled);
  // Halfway, or too large for digits that are sure: the exact way.
  if (scaled < 1e13 && abs(rest - 0.5) > 0.01) {
    const number = <u64>nearest(scaled);
    const whole = number / 10000;
    const digits = decimalDigits(whole);
    writeDigits(text, whole, digits);
    store<u8>(text + <usize>digits, 0x2e);
    writeDigits(text + <usize>digits + 1, number - whole * 10000, 4);
    replyBulk(text, <usize>digits + 5);
  } else {
    replyBulk(text, writeFixed(text, metres, 4));
  }
  scratchRelease(mark);
}

export function replyPoint(point: Point): void {
  replyArray(2);
  replyHumanDouble(point.longitude);
  replyHumanDouble(point.latitude);
}

// ---- Commands ----------------------------------------------------------------------------------

function geoadd(call: Call): void {
  let flags: u32 = 0;
  let first = 2;
  for (; first < call.argumentCount; first++) {
    if (call.is(first, "nx")) flags |= AddFlag.NX;
    else if (call.is(first, "xx")) flags |= AddFlag.XX;
    else if (call.is(first, "ch")) flags |= AddFlag.CH;
    else break;
  }
  const words = call.argumentCount - first;
  const isBoth = flags & AddFlag.NX && flags & AddFlag.XX;
  if (!words || words % 3 || isBoth) return replyError(SYNTAX);
  const mark = scratchMark();
  const point = changetype<Point>(scratchTake(offsetof<Point>()));
  let index = first;
  while (index < call.argumentCount && pointOrReply(call, index, point)) index += 3;
  if (index == call.argumentCount) addScored(call, flags, first, 3);
  scratchRelease(mark);
}

/** The point of the member in argument `index`; false when there is none. */
export function pointOfMember(entry: KeyEntry, call: Call, index: i32, out: Point): bool {
  if (!findMember(entry, call.at(index), call.bytesOf(index))) return false;
  pointOf(foundMember().score, out);
  return true;
}

function geodist(call: Call): void {
  let unit: f64 = 1;
  if (call.argumentCount == 5) {
    unit = unitOrReply(call, 4);
    if (unit == 0) return;
  } else if (call.argumentCount > 5) {
    return replyError(SYNTAX);
  }
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  if (entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  const mark = scratchMark();
  const first = changetype<Point>(scratchTake(offsetof<Point>()));
  const second = changetype<Point>(scratchTake(offsetof<Point>()));
  if (pointOfMember(entry, call, 2, first) && pointOfMember(entry, call, 3, second)) {
    const metres = distance(
      first.longitude, first.latitude, second.longitude, second.latitude,
    );
    replyDistance(metres / unit);
  } else {
    replyNull();
  }
  scratchRelease(mark);
}

function geohash(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  replyArray(call.argumentCount - 2);
  const mark = scratchMark();
  const point = changetype<Point>(scratchTake(offsetof<Point>()));
  const text = scratchTake(GEOHASH_BYTES);
  for (let index = 2; index < call.argumentCount; index++) {
    if (entry && pointOfMember(entry, call, index, point)) {
      writeGeohash(text, point);
      replyBulk(text, GEOHASH_BYTES);
    } else {
      replyNull();
    }
  }
  scratchRelease(mark);
}

function geopos(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  replyArray(call.argumentCount - 2);
  const mark = scratchMark();
  const point = changetype<Point>(scratchTake(offsetof<Point>()));
  for (let index = 2; index < call.argumentCount; index++) {
    if (entry && pointOfMember(entry, call, index, point)) replyPoint(point);
    else replyNullArray();
  }
  scratchRelease(mark);
}

export function registerGeo(): void {
  command(geoadd.index, "geoadd", "geo", "3.2.0", -5,
    "write denyoom", "geo", "index 1 range 0 1 0 : rw update",
    "key:key condition:oneof?^6.2.0(nx:pure-token=NX xx:pure-token=XX) change:pure-token=CH?^6.2.0 \
longitude_latitude_member:block*(longitude:double latitude:double member:string)",
    "", "O(log N) for each point", "Adds points or moves them.");
  command(geodist.index, "geodist", "geo", "3.2.0", -4,
    "readonly", "geo", "index 1 range 0 1 0 : ro access",
    "key:key member1:string member2:string \
unit:oneof?(m:pure-token=M km:pure-token=KM ft:pure-token=FT mi:pure-token=MI)",
    "", "O(1)", "Tells how far two points are from each other.");
  command(geohash.index, "geohash", "geo", "3.2.0", -2,
    "readonly", "geo", "index 1 range 0 1 0 : ro access", "key:key member:string*",
    "", "O(1) for each point", "Tells the standard geohashes of points.");
  command(geopos.index, "geopos", "geo", "3.2.0", -2,
    "readonly", "geo", "index 1 range 0 1 0 : ro access", "key:key member:string*",
    "", "O(1) for each point", "Tells longitude and latitude of points.");
  registerGeoSearch();
}
