/**
 * Error texts of SORT and of the geo commands, as errors.ts has those of the others.
 */

// ---- SORT --------------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const SORT_NOT_NUMBER: string = "\
ERR One or more scores can't be converted into double";
// @ts-ignore: decorator
@lazy @inline export const SORT_BY_DENIED: string = "\
ERR BY option of SORT denied due to insufficient ACL permissions.";
// @ts-ignore: decorator
@lazy @inline export const SORT_GET_DENIED: string = "\
ERR GET option of SORT denied due to insufficient ACL permissions.";

// ---- Geo ---------------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const GEO_UNIT: string = "\
ERR unsupported unit provided. please use M, KM, FT, MI";
// @ts-ignore: decorator
@lazy @inline export const GEO_RADIUS: string = "ERR need numeric radius";
// @ts-ignore: decorator
@lazy @inline export const GEO_RADIUS_NEGATIVE: string = "ERR radius cannot be negative";
// @ts-ignore: decorator
@lazy @inline export const GEO_WIDTH: string = "ERR need numeric width";
// @ts-ignore: decorator
@lazy @inline export const GEO_HEIGHT: string = "ERR need numeric height";
// @ts-ignore: decorator
@lazy @inline export const GEO_BOX_NEGATIVE: string = "ERR height or width cannot be negative";
// @ts-ignore: decorator
@lazy @inline export const GEO_MEMBER: string = "ERR could not decode requested zset member";
// @ts-ignore: decorator
@lazy @inline export const GEO_COUNT: string = "ERR COUNT must be > 0";
// @ts-ignore: decorator
@lazy @inline export const GEO_ANY: string = "ERR the ANY argument requires COUNT argument";
// @ts-ignore: decorator
@lazy @inline export const GEO_STORE: string = "\
ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
// @ts-ignore: decorator
@lazy @inline export const GEOSEARCHSTORE_WITH: string = "\
ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
