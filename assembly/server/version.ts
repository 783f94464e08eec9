/** The two versions that the engine reports: the Redis that it behaves as, and its own. */

// @ts-ignore: decorator
@lazy @inline export const REDIS_VERSION: string = "7.4.0";
// @ts-ignore: decorator
@lazy @inline export const QUIRE_VERSION: string = "0.1.0";
