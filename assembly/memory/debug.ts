/**
 * Whether this build checks its own assertions.
 *
 * `assert(load(...))` would leave the load behind in a build without assertions, so every use is
 * written `if (DEBUG) assert(...)`, which leaves nothing.
 */

// @ts-ignore: decorator
@inline
export const DEBUG: bool = !ASC_NO_ASSERT;
