/**
 * Geo: points within a circle or a box, answered or stored.
 *
 * A search walks the score ranges of up to nine cells. Latitude and haversine rule most points out
 * before an arcsine is computed; what lies within becomes a Hit in scratch memory, because a reply
 * begins with its length. Hits refer to members, they do not copy them.
 */

import { deleteKey, lookupRead } from "../keyspace/database";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { SYNTAX, WRONG_TYPE } from "../protocol/errors";
import {
  GEOSEARCHSTORE_WITH, GEO_ANY, GEO_BOX_NEGATIVE, GEO_COUNT, GEO_HEIGHT, GEO_MEMBER, GEO_RADIUS,
  GEO_RADIUS_NEGATIVE, GEO_STORE, GEO_WIDTH,
} from "../protocol/errors-geo";
import {
  replyArray, replyBulk, replyEmptyArray, replyError, replyErrorBytes, replyErrorEnd,
  replyErrorStart, replyInteger,
} from "../protocol/reply";
import { Call, integerOrReply, reserveOrReply, touchKey } from "../server/call";
import { notifyDeleted } from "../server/notifications";
import { command, deprecated } from "../server/table";
import { sortReferences } from "../structures/merge-sort";
import {
  Area, CELL_LIST_BYTES, CellList, Point, cellStart, findCells, pointOf,
} from "../values/geohash";
import { KeyEntry, Type } from "../values/key-entry";
import {
  SetCursor, memberReference, memberScore, nextMember, rankOfScore, referredAddress, referredBytes,
  seekMember, sortedSetCount,
} from "../values/sorted-set";
import {
  EARTH_RADIUS, cosine, distance, haversine, haversineDistance, latitudeDistance, sine, toRadians,
} from "../values/sphere";
import { pointOfMember, pointOrReply, replyDistance, replyPoint, unitOrReply } from "./geo";
import {
  RESULT_BYTES, RESULT_MEMBER_BYTES, addResult, doubleOrReply, startResult, storeResultAt,
} from "./sorted-set-keys";

/** Which of the commands is served. */
const enum Kind {
  /** GEORADIUS: the centre is in arguments 2 and 3. */
  POINT = 1,
  /** GEORADIUSBYMEMBER: in argument 2. */
  MEMBER = 2,
  READ_ONLY = 4,
  SEARCH = 8,
  STORE = 16,
}

const enum Order {
  NONE = 0,
  ASCENDING = 1,
  DESCENDING = 2,
}

@unmanaged
class Search {
  longitude: f64;
  latitude: f64;
  /** In units; a circle has its radius in both. */
  width: f64;
  height: f64;
  unit: f64;
  count: i64;
  /** The sorted set, 0 when it is missing. */
  entry: u32;
  kind: u32;
  order: Order;
  /** Argument of the destination, 0 for none. */
  storeAt: i32;
  storesDistance: u32;
  any: u32;
  withDistance: u32;
  withHash: u32;
  withPoint: u32;
  byRadius: u32;
  byBox: u32;
  fromMember: u32;
  fromPoint: u32;
  hits: u32;
  capacity: u32;
  found: u32;

  // @ts-ignore: decorator
  @inline
  get point(): Point {
    return changetype<Point>(this);
  }
}

@unmanaged
class Hit {
  score: f64;
  distance: f64;
  longitude: f64;
  latitude: f64;
  reference: u32;
  /** Rounds a hit up to a multiple of 8. */
  reserved: u32;
}

const HIT_BYTES: u32 = 40;
const FIRST_HITS: u32 = 256;

if (offsetof<Hit>() != HIT_BYTES) ERROR("a hit takes 40 bytes");

@unmanaged
class NearHit {
  score: f64;
  distance: f64;

  // @ts-ignore: decorator
  @inline
  isBehind(other: NearHit): bool {
    return this.distance > other.distance;
  }
}

@unmanaged
class FarHit {
  score: f64;
  distance: f64;

  // @ts-ignore: decorator
  @inline
  isBehind(other: FarHit): bool {
    return this.distance < other.distance;
  }
}

// ---- Parsing -----------------------------------------------------------------------------------

/** Radius and unit from argument `index` on; false: the error is answered. */
function radiusOrReply(call: Call, search: Search, index: i32): bool {
  if (!doubleOrReply(call, index, GEO_RADIUS)) return false;
  if (call.double < 0) {
    replyError(GEO_RADIUS_NEGATIVE);
    return false;
  }
  search.width = call.double;
  search.height = call.double;
  search.byRadius = 1;
  search.unit = unitOrReply(call, index + 1);
  return search.unit != 0;
}

/** Width, height and unit from argument `index` on; false: the error is answered. */
function boxOrReply(call: Call, search: Search, index: i32): bool {
  if (!doubleOrReply(call, index, GEO_WIDTH)) return false;
  search.width = call.double;
  if (!doubleOrReply(call, index + 1, GEO_HEIGHT)) return false;
  search.height = call.double;
  if (search.width < 0 || search.height < 0) {
    replyError(GEO_BOX_NEGATIVE);
    return false;
  }
  search.byBox = 1;
  search.unit = unitOrReply(call, index + 2);
  return search.unit != 0;
}

/** The member in argument `index` as centre; false: the error is answered. */
function memberOrReply(call: Call, search: Search, index: i32): bool {
  search.fromMember = 1;
  // Without a key there is nothing to find it in, and the answer is an empty one.
  if (!search.entry) return true;
  const entry = changetype<KeyEntry>(<usize>search.entry);
  if (pointOfMember(entry, call, index, search.point)) return true;
  replyError(GEO_MEMBER);
  return false;
}

/** The option at argument `index`; the last argument that is part of it, 0: error answered. */
function optionOrReply(call: Call, search: Search, index: i32): i32 {
  const kind = search.kind;
  const left = call.argumentCount - index - 1;
  if (call.is(index, "withdist")) search.withDistance = 1;
  else if (call.is(index, "withhash")) search.withHash = 1;
  else if (call.is(index, "withcoord")) search.withPoint = 1;
  else if (call.is(index, "any")) search.any = 1;
  else if (call.is(index, "asc")) search.order = Order.ASCENDING;
  else if (call.is(index, "desc")) search.order = Order.DESCENDING;
  else if (call.is(index, "count") && left) return countOrReply(call, search, index + 1);
  else if (kind & Kind.SEARCH) return searchOptionOrReply(call, search, index, left);
  else return storeOptionOrReply(call, search, index, left);
  return index;
}

function countOrReply(call: Call, search: Search, index: i32): i32 {
  if (!integerOrReply(call, index)) return 0;
  search.count = call.integer;
  if (search.count > 0) return index;
  replyError(GEO_COUNT);
  return 0;
}

/** STORE and STOREDIST of GEORADIUS and GEORADIUSBYMEMBER. */
function storeOptionOrReply(call: Call, search: Search, index: i32, left: i32): i32 {
  if (!(search.kind & Kind.READ_ONLY) && left) {
    const storesDistance = call.is(index, "storedist");
    if (storesDistance || call.is(index, "store")) {
      search.storeAt = index + 1;
      search.storesDistance = u32(storesDistance);
      return index + 1;
    }
  }
  replyError(SYNTAX);
  return 0;
}

/** What only GEOSEARCH and GEOSEARCHSTORE take. */
function searchOptionOrReply(call: Call, search: Search, index: i32, left: i32): i32 {
  if (left && !search.fromPoint && call.is(index, "frommember")) {
    return memberOrReply(call, search, index + 1) ? index + 1 : 0;
  }
  if (left > 1 && !search.fromMember && call.is(index, "fromlonlat")) {
    search.fromPoint = 1;
    return pointOrReply(call, index + 1, search.point) ? index + 2 : 0;
  }
  if (left > 1 && !search.byBox && call.is(index, "byradius")) {
    return radiusOrReply(call, search, index + 1) ? index + 2 : 0;
  }
  if (left > 2 && !search.byRadius && call.is(index, "bybox")) {
    return boxOrReply(call, search, index + 1) ? index + 3 : 0;
  }
  if (search.kind & Kind.STORE && call.is(index, "storedist")) {
    search.storesDistance = 1;
    return index;
  }
  replyError(SYNTAX);
  return 0;
}

function replyExactlyOne(call: Call, start: string): void {
  replyErrorStart(start);
  replyErrorBytes(call.at(0), call.bytesOf(0));
  replyErrorEnd();
}

/** Whether the options go together; false: the error is answered. */
function mayCombine(call: Call, search: Search): bool {
  const isSearch = (search.kind & Kind.SEARCH) != 0;
  if (search.storeAt && (search.withDistance | search.withHash | search.withPoint)) {
    if (isSearch) replyError(GEOSEARCHSTORE_WITH);
    else replyError(GEO_STORE);
  } else if (isSearch && !(search.fromMember | search.fromPoint)) {
    replyExactlyOne(call, "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ");
  } else if (isSearch && !(search.byRadius | search.byBox)) {
    replyExactlyOne(call, "ERR exactly one of BYRADIUS and BYBOX can be specified for ");
  } else if (search.any && !search.count) {
    replyError(GEO_ANY);
  } else {
    return true;
  }
  return false;
}

/** Reads what a command is given before its options; the first option, 0: error answered. */
function centreOrReply(call: Call, search: Search): i32 {
  if (search.kind & Kind.POINT) {
    if (!pointOrReply(call, 2, search.point)) return 0;
    return radiusOrReply(call, search, 4) ? 6 : 0;
  }
  if (search.kind & Kind.MEMBER) {
    if (!search.entry) return 5;
    if (!memberOrReply(call, search, 2)) return 0;
    return radiusOrReply(call, search, 3) ? 5 : 0;
  }
  return search.kind & Kind.STORE ? 3 : 2;
}

function run(call: Call, kind: u32): void {
  const source = kind & Kind.STORE ? 2 : 1;
  const entry = lookupRead(call.database, call.at(source), call.bytesOf(source));
  if (entry && entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  const mark = scratchMark();
  const search = changetype<Search>(scratchTake(offsetof<Search>()));
  memory.fill(changetype<usize>(search), 0, offsetof<Search>());
  search.entry = <u32>changetype<usize>(entry);
  search.kind = kind;
  search.storeAt = kind & Kind.STORE ? 1 : 0;
  let index = centreOrReply(call, search);
  while (index && index < call.argumentCount) {
    index = optionOrReply(call, search, index);
    if (index) index += 1;
  }
  if (index && mayCombine(call, search)) answer(call, search);
  scratchRelease(mark);
}

// ---- Searching ---------------------------------------------------------------------------------

/** Room for one more hit; 0: the error is answered. */
function nextHit(search: Search): usize {
  if (search.found == search.capacity) {
    const capacity = search.capacity ? search.capacity << 1 : FIRST_HITS;
    if (!reserveOrReply(<f64>capacity * HIT_BYTES + 65536)) return 0;
    const hits = scratchTake(capacity * HIT_BYTES);
    memory.copy(hits, search.hits, search.found * HIT_BYTES);
    search.hits = <u32>hits;
    search.capacity = capacity;
  }
  return <usize>search.hits + search.found * HIT_BYTES;
}

/** What every point of a search is compared with, computed once. */
@unmanaged
class Frame {
  longitude: f64;
  latitude: f64;
  cosine: f64;
  /** Farthest that a point's latitude may be, in radians, with some room for rounding. */
  rows: f64;
  /** Metres: a circle's radius, or half of what a box is high and wide. */
  radius: f64;
  halfHeight: f64;
  halfWidth: f64;
  /** Haversine that is certainly beyond the radius. */
  beyond: f64;
}

function newFrame(search: Search): Frame {
  const frame = changetype<Frame>(scratchTake(offsetof<Frame>()));
  frame.longitude = toRadians(search.longitude);
  frame.latitude = toRadians(search.latitude);
  frame.cosine = cosine(frame.latitude);
  frame.radius = search.width * search.unit;
  frame.halfHeight = search.height * search.unit / 2.0;
  frame.halfWidth = search.width * search.unit / 2.0;
  const reach = search.byBox ? frame.halfHeight : frame.radius;
  frame.rows = reach / EARTH_RADIUS * (1.0 + 1e-9) + 1e-12;
  const half = frame.radius / (2.0 * EARTH_RADIUS);
  const size = sine(half);
  frame.beyond = half < 1.5 ? size * size * (1.0 + 1e-9) + 1e-24 : 2.0;
  return frame;
}

/** Metres from the centre to a point, -1 when it lies outside. */
function distanceWithin(search: Search, frame: Frame, hit: Hit): f64 {
  const latitude = toRadians(hit.latitude);
  if (abs(latitude - frame.latitude) > frame.rows) return -1;
  if (search.byBox) return distanceInBox(search, frame, hit);
  const eastWest = sine((toRadians(hit.longitude) - frame.longitude) / 2.0);
  let metres: f64;
  if (eastWest == 0) {
    metres = latitudeDistance(search.latitude, hit.latitude);
  } else {
    const angle = haversine(frame.latitude, frame.cosine, latitude, eastWest);
    if (angle > frame.beyond) return -1;
    metres = haversineDistance(angle);
  }
  return metres > frame.radius ? -1 : metres;
}

function distanceInBox(search: Search, frame: Frame, hit: Hit): f64 {
  if (latitudeDistance(hit.latitude, search.latitude) > frame.halfHeight) return -1;
  const across = distance(hit.longitude, hit.latitude, search.longitude, hit.latitude);
  if (across > frame.halfWidth) return -1;
  return distance(search.longitude, search.latitude, hit.longitude, hit.latitude);
}

/** Collects the hits with a score from `low` up to below `high`; false: the error is answered. */
function collectRange(
  search: Search, frame: Frame, cursor: SetCursor, low: f64, high: f64, limit: i64,
): bool {
  const entry = changetype<KeyEntry>(<usize>search.entry);
  const rank = rankOfScore(entry, low, false);
  if (rank == sortedSetCount(entry)) return true;
  seekMember(entry, rank, cursor);
  do {
    const score = memberScore(cursor);
    if (score >= high) break;
    const address = nextHit(search);
    if (!address) return false;
    const hit = changetype<Hit>(address);
    pointOf(score, changetype<Point>(address + offsetof<Hit>("longitude")));
    const metres = distanceWithin(search, frame, hit);
    if (metres < 0) continue;
    hit.score = score;
    hit.distance = metres;
    hit.reference = memberReference(cursor);
    search.found += 1;
    if (<i64>search.found >= limit) break;
  } while (nextMember(cursor));
  return true;
}

/** Finds the hits; false: the error is answered. */
function collect(search: Search): bool {
  const frame = newFrame(search);
  const cells = changetype<CellList>(scratchTake(CELL_LIST_BYTES));
  const areas = scratchTake(2 * offsetof<Area>());
  const cursor = changetype<SetCursor>(scratchTake(offsetof<SetCursor>()));
  const across = search.byBox
    ? sqrt(search.width / 2.0 * (search.width / 2.0) + search.height / 2.0 * (search.height / 2.0))
      * search.unit
    : frame.radius;
  const halfWidth = search.byBox ? frame.halfWidth : frame.radius;
  const halfHeight = search.byBox ? frame.halfHeight : frame.radius;
  findCells(search.point, halfWidth, halfHeight, across, areas, cells);
  const limit = search.any ? search.count : i64.MAX_VALUE;
  for (let index: u32 = 0; index < cells.count && <i64>search.found < limit; index++) {
    const low = cellStart(cells, index, false);
    const high = cellStart(cells, index, true);
    if (!collectRange(search, frame, cursor, low, high, limit)) return false;
  }
  return true;
}

// ---- Answering ---------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function hitAt(search: Search, order: usize, index: u32): Hit {
  if (order) return changetype<Hit>(<usize>load<u32>(order + (<usize>index << 2)));
  return changetype<Hit>(<usize>search.hits + index * HIT_BYTES);
}

/** References to the hits in the order asked for, 0 when that is how they lie, 1 after an error. */
function sortHits(search: Search): usize {
  const count = search.found;
  if (search.order == Order.NONE || !count) return 0;
  if (!reserveOrReply(<f64>count * 8 + 65536)) return 1;
  const references = scratchTake(count << 3);
  for (let index: u32 = 0; index < count; index++) {
    store<u32>(references + (<usize>index << 2), search.hits + index * HIT_BYTES);
  }
  const spare = references + (<usize>count << 2);
  if (search.order == Order.ASCENDING) return sortReferences<NearHit>(references, spare, count);
  return sortReferences<FarHit>(references, spare, count);
}

function answer(call: Call, search: Search): void {
  if (!search.entry) return answerMissing(call, search);
  // The nearest so many are meant unless any will do.
  if (search.count && !search.any && search.order == Order.NONE) search.order = Order.ASCENDING;
  if (!collect(search)) return;
  const order = sortHits(search);
  if (order == 1) return;
  const isCut = search.count > 0 && search.count < <i64>search.found;
  const count = isCut ? <u32>search.count : search.found;
  if (search.storeAt) storeHits(call, search, order, count);
  else replyHits(search, order, count);
}

function answerMissing(call: Call, search: Search): void {
  const index = search.storeAt;
  if (!index) return replyEmptyArray();
  if (deleteKey(call.database, call.at(index), call.bytesOf(index))) {
    touchKey(call, call.at(index), call.bytesOf(index));
    notifyDeleted(call, index);
  }
  replyInteger(0);
}

/** A score as an integer; what none holds is the least one. */
function wholeScore(score: f64): i64 {
  return abs(score) < 9223372036854775808.0 ? <i64>score : i64.MIN_VALUE;
}

function replyHits(search: Search, order: usize, count: u32): void {
  const entry = changetype<KeyEntry>(<usize>search.entry);
  const options = search.withDistance + search.withHash + search.withPoint;
  replyArray(count);
  for (let index: u32 = 0; index < count; index++) {
    const hit = hitAt(search, order, index);
    if (options) replyArray(options + 1);
    replyBulk(referredAddress(entry, hit.reference), referredBytes(entry, hit.reference));
    if (search.withDistance) replyDistance(hit.distance / search.unit);
    if (search.withHash) replyInteger(wholeScore(hit.score));
    if (search.withPoint) {
      replyPoint(changetype<Point>(changetype<usize>(hit) + offsetof<Hit>("longitude")));
    }
  }
}

function storeHits(call: Call, search: Search, order: usize, count: u32): void {
  const entry = changetype<KeyEntry>(<usize>search.entry);
  let bytes: f64 = RESULT_BYTES + <f64>call.bytesOf(search.storeAt);
  for (let index: u32 = 0; index < count; index++) {
    const own = referredBytes(entry, hitAt(search, order, index).reference);
    bytes += RESULT_MEMBER_BYTES + <f64>own * 2;
  }
  if (!reserveOrReply(bytes)) return;
  const result = startResult(scratchTake(16), count);
  for (let index: u32 = 0; index < count; index++) {
    const hit = hitAt(search, order, index);
    const score = search.storesDistance ? hit.distance / search.unit : hit.score;
    const address = referredAddress(entry, hit.reference);
    addResult(result, score, address, referredBytes(entry, hit.reference));
  }
  const isSearch = (search.kind & Kind.SEARCH) != 0;
  storeResultAt(
    call, search.storeAt, result, isSearch ? "geosearchstore" : "georadiusstore",
  );
}

// ---- Commands ----------------------------------------------------------------------------------

function georadius(call: Call): void {
  run(call, Kind.POINT);
}

function georadiusRo(call: Call): void {
  run(call, Kind.POINT | Kind.READ_ONLY);
}

function georadiusbymember(call: Call): void {
  run(call, Kind.MEMBER);
}

function georadiusbymemberRo(call: Call): void {
  run(call, Kind.MEMBER | Kind.READ_ONLY);
}

function geosearch(call: Call): void {
  run(call, Kind.SEARCH);
}

function geosearchstore(call: Call): void {
  run(call, Kind.SEARCH | Kind.STORE);
}

export function registerGeoSearch(): void {
  registerGeoRadius();
  command(geosearch.index, "geosearch", "geo", "6.2.0", -7,
    "readonly", "geo", "index 1 range 0 1 0 : ro access",
    "key:key from:oneof(member:string=FROMMEMBER \
longitude_latitude:block=FROMLONLAT(longitude:double latitude:double)) \
by:oneof(circle:block(radius:double=BYRADIUS \
unit:oneof(m:pure-token=M km:pure-token=KM ft:pure-token=FT mi:pure-token=MI)) \
box:block(width:double=BYBOX height:double \
unit:oneof(m:pure-token=M km:pure-token=KM ft:pure-token=FT mi:pure-token=MI))) \
order:oneof?(asc:pure-token=ASC desc:pure-token=DESC) \
count:block?(count:integer=COUNT any:pure-token=ANY?) withcoord:pure-token=WITHCOORD? \
withdist:pure-token=WITHDIST? withhash:pure-token=WITHHASH?",
    "", "O(log N + M) for M points in the cells around the centre",
    "Finds the points within a circle or a box.");
  command(geosearchstore.index, "geosearchstore", "geo", "6.2.0", -8,
    "write denyoom", "geo", "index 1 range 0 1 0 : ow update ; index 2 range 0 1 0 : ro access",
    "destination:key source:key@1 from:oneof(member:string=FROMMEMBER \
longitude_latitude:block=FROMLONLAT(longitude:double latitude:double)) \
by:oneof(circle:block(radius:double=BYRADIUS \
unit:oneof(m:pure-token=M km:pure-token=KM ft:pure-token=FT mi:pure-token=MI)) \
box:block(width:double=BYBOX height:double \
unit:oneof(m:pure-token=M km:pure-token=KM ft:pure-token=FT mi:pure-token=MI))) \
order:oneof?(asc:pure-token=ASC desc:pure-token=DESC) \
count:block?(count:integer=COUNT any:pure-token=ANY?) storedist:pure-token=STOREDIST?",
    "", "O(log N + M) for M points in the cells around the centre",
    "Stores the points within a circle or a box.");
}

function registerGeoRadius(): void {
  command(georadius.index, "georadius", "geo", "3.2.0", -6,
    "write denyoom movablekeys", "geo",
    "index 1 range 0 1 0 : ro access ; keyword STORE 6 range 0 1 0 : ow update ; \
keyword STOREDIST 6 range 0 1 0 : ow update",
    "key:key longitude:double latitude:double radius:double \
unit:oneof(m:pure-token=M km:pure-token=KM ft:pure-token=FT mi:pure-token=MI) \
withcoord:pure-token=WITHCOORD? withdist:pure-token=WITHDIST? withhash:pure-token=WITHHASH? \
count:block?(count:integer=COUNT any:pure-token=ANY?^6.2.0) \
order:oneof?(asc:pure-token=ASC desc:pure-token=DESC) key:key=STORE?@1 key:key=STOREDIST?@2",
    "", "O(log N + M) for M points in the cells around the centre",
    "Finds or stores the points within a circle.");
  deprecated("georadius", "6.2.0",
    "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument");
  command(georadiusRo.index, "georadius_ro", "geo", "3.2.10", -6,
    "readonly", "geo", "index 1 range 0 1 0 : ro access",
    "key:key longitude:double latitude:double radius:double \
unit:oneof(m:pure-token=M km:pure-token=KM ft:pure-token=FT mi:pure-token=MI) \
withcoord:pure-token=WITHCOORD? withdist:pure-token=WITHDIST? withhash:pure-token=WITHHASH? \
count:block?(count:integer=COUNT any:pure-token=ANY?^6.2.0) \
order:oneof?(asc:pure-token=ASC desc:pure-token=DESC)",
    "", "O(log N + M) for M points in the cells around the centre",
    "Finds the points within a circle and stores nothing.");
  deprecated("georadius_ro", "6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument");
  command(georadiusbymember.index, "georadiusbymember", "geo", "3.2.0", -5,
    "write denyoom movablekeys", "geo",
    "index 1 range 0 1 0 : ro access ; keyword STORE 5 range 0 1 0 : ow update ; \
keyword STOREDIST 5 range 0 1 0 : ow update",
    "key:key member:string radius:double \
unit:oneof(m:pure-token=M km:pure-token=KM ft:pure-token=FT mi:pure-token=MI) \
withcoord:pure-token=WITHCOORD? withdist:pure-token=WITHDIST? withhash:pure-token=WITHHASH? \
count:block?(count:integer=COUNT any:pure-token=ANY?) \
order:oneof?(asc:pure-token=ASC desc:pure-token=DESC) key:key=STORE?@1 key:key=STOREDIST?@2",
    "", "O(log N + M) for M points in the cells around the centre",
    "Finds or stores the points within a circle around a member.");
  deprecated("georadiusbymember", "6.2.0",
    "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments");
  command(georadiusbymemberRo.index, "georadiusbymember_ro", "geo", "3.2.10", -5,
    "readonly", "geo", "index 1 range 0 1 0 : ro access",
    "key:key member:string radius:double \
unit:oneof(m:pure-token=M km:pure-token=KM ft:pure-token=FT mi:pure-token=MI) \
withcoord:pure-token=WITHCOORD? withdist:pure-token=WITHDIST? withhash:pure-token=WITHHASH? \
count:block?(count:integer=COUNT any:pure-token=ANY?) \
order:oneof?(asc:pure-token=ASC desc:pure-token=DESC)",
    "", "O(log N + M) for M points in the cells around the centre",
    "Finds the points within a circle around a member and stores nothing.");
  deprecated("georadiusbymember_ro", "6.2.0",
    "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments");
}
