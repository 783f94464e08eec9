/**
 * Cells of the earth's surface: a point as a number of 52 bits that a sorted set holds as a score.
 *
 *   bit 51 50 49 48 ...  3  2  1  0        longitude halves -180 .. 180 (1 = east half),
 *       lo la lo la ... lo la lo la        latitude halves -85.05112878 .. 85.05112878
 *
 * The first 2n bits name the cell of step n that the point lies in, so a cell is a range of scores.
 * A search looks at the cell of a step large enough around its centre, and the eight around that.
 * The cells, their order and which are left out are Redis's: an unsorted answer has its order.
 */

import { EARTH_RADIUS, cosine, toDegrees, toRadians } from "./sphere";

export const LONGITUDE_LIMIT: f64 = 180.0;
// @ts-ignore: decorator
@inline
export const LATITUDE_LIMIT: f64 = 85.05112878;
const STEPS: u32 = 26;
const MERCATOR_LIMIT: f64 = 20037726.37;
const EVEN: u64 = 0x5555555555555555;

@unmanaged
export class Point {
  longitude: f64;
  latitude: f64;
}

/** Degrees that something covers. */
@unmanaged
export class Area {
  west: f64;
  south: f64;
  east: f64;
  north: f64;
}

/** Ranges of scores that a search looks at: up to nine cells of one size, first to last. */
@unmanaged
export class CellList {
  count: u32;
  steps: u32;
  first: u64;
}

export const CELL_LIST_BYTES: u32 = 8 + 9 * 8;

// ---- Bits --------------------------------------------------------------------------------------

/** Puts a zero before each of 32 bits. */
function spread(word: u32): u64 {
  let bits = <u64>word;
  bits = (bits | (bits << 16)) & 0x0000ffff0000ffff;
  bits = (bits | (bits << 8)) & 0x00ff00ff00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x3333333333333333;
  return (bits | (bits << 1)) & EVEN;
}

/** Takes every other bit, the lowest first. */
function gather(word: u64): u32 {
  let bits = word & EVEN;
  bits = (bits | (bits >> 1)) & 0x3333333333333333;
  bits = (bits | (bits >> 2)) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | (bits >> 4)) & 0x00ff00ff00ff00ff;
  bits = (bits | (bits >> 8)) & 0x0000ffff0000ffff;
  return <u32>(bits | (bits >> 16));
}

/** The cell of a point; `latitudeLimit` is the latitude that all halving begins with. */
export function cellOf(longitude: f64, latitude: f64, steps: u32, latitudeLimit: f64): u64 {
  const cells = <f64>(<u64>1 << steps);
  const row = (latitude + latitudeLimit) / (latitudeLimit - -latitudeLimit) * cells;
  const column = (longitude + LONGITUDE_LIMIT) / 360.0 * cells;
  return spread(<u32>row) | (spread(<u32>column) << 1);
}

/** The score of a point. */
export function scoreOf(longitude: f64, latitude: f64): f64 {
  return <f64>cellOf(longitude, latitude, STEPS, LATITUDE_LIMIT);
}

function areaOf(cell: u64, steps: u32, out: Area): void {
  const cells = <f64>(<u64>1 << steps);
  const row = gather(cell);
  const column = gather(cell >> 1);
  const height = LATITUDE_LIMIT - -LATITUDE_LIMIT;
  out.south = -LATITUDE_LIMIT + <f64>row / cells * height;
  out.north = -LATITUDE_LIMIT + <f64>(row + 1) / cells * height;
  out.west = -LONGITUDE_LIMIT + <f64>column / cells * 360.0;
  out.east = -LONGITUDE_LIMIT + <f64>(column + 1) / cells * 360.0;
}

/** A score as bits, also one that is not of a point: as processors convert to 64 bits. */
function bitsOf(score: f64): u64 {
  if (abs(score) < 9223372036854775808.0) return <u64><i64>score;
  const rest = score - 9223372036854775808.0;
  if (rest >= 0 && rest < 9223372036854775808.0) return <u64><i64>rest ^ 0x8000000000000000;
  return score < 0 ? 0x8000000000000000 : 0;
}

/** The point in the middle of the cell that a score names. */
export function pointOf(score: f64, out: Point): void {
  const bits = bitsOf(score);
  const row = gather(bits);
  const column = gather(bits >> 1);
  const height = LATITUDE_LIMIT - -LATITUDE_LIMIT;
  const south = -LATITUDE_LIMIT + <f64>row / 67108864.0 * height;
  const north = -LATITUDE_LIMIT + <f64>(row + 1) / 67108864.0 * height;
  const west = -LONGITUDE_LIMIT + <f64>column / 67108864.0 * 360.0;
  const east = -LONGITUDE_LIMIT + <f64>(column + 1) / 67108864.0 * 360.0;
  out.longitude = max(min((west + east) / 2.0, LONGITUDE_LIMIT), -LONGITUDE_LIMIT);
  out.latitude = max(min((south + north) / 2.0, LATITUDE_LIMIT), -LATITUDE_LIMIT);
}

// ---- Cells of a search -------------------------------------------------------------------------

/** The cell `columns` to the east and `rows` to the north, which may lie around the earth. */
function neighbour(cell: u64, steps: u32, columns: i32, rows: i32): u64 {
  const mask = <u32>((<u64>1 << steps) - 1);
  let row = gather(cell);
  let column = gather(cell >> 1);
  if (columns) column = (column + <u32>columns) & mask;
  if (rows) row = (row + <u32>rows) & mask;
  return spread(row) | (spread(column) << 1);
}

/** Into how small cells the earth is divided for a search this wide. */
function stepsFor(metres: f64, latitude: f64): u32 {
  if (metres == 0) return STEPS;
  let steps: i32 = 1;
  for (let range = metres; range < MERCATOR_LIMIT; range *= 2) steps += 1;
  steps -= 2;
  // Degrees of longitude are short near the poles.
  if (abs(latitude) > 66) {
    steps -= 1;
    if (abs(latitude) > 80) steps -= 1;
  }
  return <u32>max(1, min(steps, <i32>STEPS));
}

/** What a search of this half width and half height in metres can reach at most. */
function reachOf(point: Point, halfWidth: f64, halfHeight: f64, out: Area): void {
  const latitude = point.latitude;
  const rows = toDegrees(halfHeight / EARTH_RADIUS);
  // On the side that is nearer to the pole a metre is more degrees.
  const widest = latitude < 0 ? latitude - rows : latitude + rows;
  const columns = toDegrees(halfWidth / EARTH_RADIUS / cosine(toRadians(widest)));
  out.west = point.longitude - columns;
  out.east = point.longitude + columns;
  out.south = latitude - rows;
  out.north = latitude + rows;
}

/** Whether the cells around one leave a part of the reach uncovered. */
function isTooSmall(cell: u64, steps: u32, reach: Area, area: Area): bool {
  areaOf(neighbour(cell, steps, 0, 1), steps, area);
  if (area.north < reach.north) return true;
  areaOf(neighbour(cell, steps, 0, -1), steps, area);
  if (area.south > reach.south) return true;
  areaOf(neighbour(cell, steps, 1, 0), steps, area);
  if (area.east < reach.east) return true;
  areaOf(neighbour(cell, steps, -1, 0), steps, area);
  return area.west > reach.west;
}

/** Columns and rows of the cells in the order they are looked at, two bits each, 1 = none. */
const COLUMNS: u32 = 0b00_10_00_10_00_10_01_01_01;
const ROWS: u32 = 0b00_00_10_10_01_01_00_10_01;

/**
 * The cells that a search around a point looks at. `halfWidth` and `halfHeight` are metres, and
 * `radius` is half of what the search is across; `areas` is room for two areas.
 */
export function findCells(
  point: Point, halfWidth: f64, halfHeight: f64, radius: f64, areas: usize, out: CellList,
): void {
  const reach = changetype<Area>(areas);
  const area = changetype<Area>(areas + offsetof<Area>());
  reachOf(point, halfWidth, halfHeight, reach);
  let steps = stepsFor(radius, point.latitude);
  let cell = cellOf(point.longitude, point.latitude, steps, LATITUDE_LIMIT);
  if (steps > 1 && isTooSmall(cell, steps, reach, area)) {
    steps -= 1;
    cell = cellOf(point.longitude, point.latitude, steps, LATITUDE_LIMIT);
  }
  areaOf(cell, steps, area);
  const mayDrop = steps >= 2;
  const noSouth = mayDrop && area.south < reach.south;
  const noNorth = mayDrop && area.north > reach.north;
  const noWest = mayDrop && area.west < reach.west;
  const noEast = mayDrop && area.east > reach.east;
  out.count = 0;
  out.steps = steps;
  let last: u64 = 0;
  let lastPlace: u32 = 0;
  for (let place: u32 = 0; place < 9; place++) {
    const columns = <i32>((COLUMNS >> (place << 1)) & 3) - 1;
    const rows = <i32>((ROWS >> (place << 1)) & 3) - 1;
    if ((noSouth && rows < 0) || (noNorth && rows > 0)) continue;
    if ((noWest && columns < 0) || (noEast && columns > 0)) continue;
    const bits = neighbour(cell, steps, columns, rows);
    // Cells so large that they meet again on the other side; the first one is not remembered.
    if (lastPlace && bits == last) continue;
    last = bits;
    lastPlace = place;
    store<u64>(changetype<usize>(out) + (out.count << 3), bits, offsetof<CellList>("first"));
    out.count += 1;
  }
}

/** The scores of the points in cell `index` of a list begin here; those of the next cell behind. */
export function cellStart(list: CellList, index: u32, isBehind: bool): f64 {
  const bits = load<u64>(changetype<usize>(list) + (index << 3), offsetof<CellList>("first"));
  return <f64>((bits + u64(isBehind)) << (52 - (list.steps << 1)));
}

// ---- Text --------------------------------------------------------------------------------------

/** Bytes of a standard geohash. */
// @ts-ignore: decorator
@inline
export const GEOHASH_BYTES: u32 = 11;

// @ts-ignore: decorator
@lazy @inline const LETTERS: string = "0123456789bcdefghjkmnpqrstuvwxyz";

/** Writes the standard geohash of a point, whose halving begins with latitude 90. */
export function writeGeohash(address: usize, point: Point): void {
  const bits = cellOf(point.longitude, point.latitude, STEPS, 90.0);
  for (let index: u32 = 0; index < GEOHASH_BYTES; index++) {
    // 52 bits are ten letters and two bits; Redis leaves the last letter "0".
    const letter = index == 10 ? 0 : <u32>(bits >> (47 - index * 5)) & 31;
    store<u8>(address + index, load<u8>(changetype<usize>(LETTERS) + (letter << 1)));
  }
}
