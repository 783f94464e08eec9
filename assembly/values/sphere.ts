/**
 * Distances on the sphere that Redis takes the earth for.
 *
 * Sine and cosine are our own: those of the library keep words in mutable globals, and an engine
 * must answer the same on every machine. Angles stay within a turn here, so that reduction is one
 * subtraction from a quarter or half turn whose value is known to 106 bits. What is left is at most
 * an eighth of a turn, where the Taylor series need nine terms; its leading terms are summed last,
 * so that a result is off by little more than half a unit in the last place.
 *
 * Cost: a sine about 5 ns, a distance about 30 ns.
 */

// @ts-ignore: decorator
@inline
export const EARTH_RADIUS: f64 = 6372797.560856;

const HALF_TURN: f64 = 3.141592653589793;
const HALF_TURN_REST: f64 = 1.2246467991473532e-16;
const QUARTER_TURN: f64 = 1.5707963267948966;
const QUARTER_TURN_REST: f64 = 6.123233995736766e-17;
const EIGHTH: f64 = 0.7853981633974483;
const RADIANS: f64 = HALF_TURN / 180.0;

// @ts-ignore: decorator
@inline
export function toRadians(degrees: f64): f64 {
  return degrees * RADIANS;
}

// @ts-ignore: decorator
@inline
export function toDegrees(radians: f64): f64 {
  return radians / RADIANS;
}

/** Sine of x + rest, where x is at most an eighth of a turn and rest far smaller. */
function sineNear(x: f64, rest: f64): f64 {
  const z = x * x;
  const tail = 1.0 / 120.0 + z * (-1.0 / 5040.0 + z * (1.0 / 362880.0 + z * (
    -1.0 / 39916800.0 + z * (1.0 / 6227020800.0 + z * (
      -1.0 / 1307674368000.0 + z * (1.0 / 355687428096000.0))))));
  const cube = z * x;
  return x + (cube * (z * tail - 1.0 / 6.0) + rest * (1.0 - 0.5 * z));
}

/** Cosine of x + rest, where x is at most an eighth of a turn and rest far smaller. */
function cosineNear(x: f64, rest: f64): f64 {
  const z = x * x;
  const tail = 1.0 / 24.0 + z * (-1.0 / 720.0 + z * (1.0 / 40320.0 + z * (
    -1.0 / 3628800.0 + z * (1.0 / 479001600.0 + z * (
      -1.0 / 87178291200.0 + z * (1.0 / 20922789888000.0 + z * (
        -1.0 / 6402373705728000.0)))))));
  const half = 0.5 * z;
  const first = 1.0 - half;
  // What the subtraction lost comes back with the small terms.
  return first + ((1.0 - first - half) + (z * z * tail - x * rest));
}

/** An angle far beyond a turn: only searches wider than the earth ask, and need no exactness. */
function wrapped(angle: f64): f64 {
  const turns = nearest(angle / (2.0 * HALF_TURN));
  const left = angle - turns * (2.0 * HALF_TURN);
  return abs(left) <= 2.0 * HALF_TURN ? left : 0;
}

export function sine(angle: f64): f64 {
  const size = abs(angle);
  if (size <= EIGHTH) return sineNear(angle, 0);
  if (size > HALF_TURN + EIGHTH) return sine(wrapped(angle));
  let result: f64;
  if (size <= 3.0 * EIGHTH) {
    result = cosineNear(QUARTER_TURN - size, QUARTER_TURN_REST);
  } else {
    result = sineNear(HALF_TURN - size, HALF_TURN_REST);
  }
  return angle < 0 ? -result : result;
}

export function cosine(angle: f64): f64 {
  const size = abs(angle);
  if (size <= EIGHTH) return cosineNear(size, 0);
  if (size > HALF_TURN + EIGHTH) return cosine(wrapped(angle));
  if (size <= 3.0 * EIGHTH) return sineNear(QUARTER_TURN - size, QUARTER_TURN_REST);
  return -cosineNear(HALF_TURN - size, HALF_TURN_REST);
}

/** Metres between two latitudes, in degrees, on one meridian. */
export function latitudeDistance(first: f64, second: f64): f64 {
  return EARTH_RADIUS * abs(toRadians(second) - toRadians(first));
}

/** The haversine of the angle between two points; `eastWest` is the sine of half its longitudes. */
// @ts-ignore: decorator
@inline
export function haversine(latitude: f64, cosineLatitude: f64, other: f64, eastWest: f64): f64 {
  const northSouth = sine((other - latitude) / 2.0);
  return northSouth * northSouth + cosineLatitude * cosine(other) * eastWest * eastWest;
}

// @ts-ignore: decorator
@inline
export function haversineDistance(haversine: f64): f64 {
  return 2.0 * EARTH_RADIUS * NativeMath.asin(sqrt(haversine));
}

/** Metres between two points in degrees. */
export function distance(longitude: f64, latitude: f64, otherLongitude: f64, other: f64): f64 {
  const eastWest = sine((toRadians(otherLongitude) - toRadians(longitude)) / 2.0);
  if (eastWest == 0) return latitudeDistance(latitude, other);
  const radians = toRadians(latitude);
  return haversineDistance(haversine(radians, cosine(radians), toRadians(other), eastWest));
}
