/**
 * The constants that the engine and its hosts share: address map, exchange record, streams,
 * statuses.
 *
 * Portable by design: plain numbers and const enums only, so that the same file compiles under asc
 * and under tsc. ARCHITECTURE.md explains each export and import; the numbers are nowhere else.
 *
 * Address map (bytes; the same in every build):
 *
 *   0x0000000  null page            never used, so that address 0 can mean "none"
 *   0x0001000  DATA root            one page: words of the DATA arena (allocator, databases, seed)
 *   0x0002000  SERVER root          six pages: words of the SERVER arena, one block per owner
 *   0x0008000  exchange             one page that the host reads and writes between calls
 *   0x0010000  input window         64 KiB  the host puts received bytes here
 *   0x0020000  output window        128 KiB replies are written here
 *   0x0040000  effects window       64 KiB  effects are rendered here
 *   0x0050000  arguments window     64 KiB  argument vector of the command being parsed
 *   0x0060000  scratch              624 KiB temporary bytes, released by mark
 *   0x00fc000  checksum tables      16 KiB  of CRC-64
 *   0x0100000  page map             1 MiB   one byte per 4 KiB page: 1 = still to be saved
 *   0x0200000  page table           16 MiB  16 bytes per 4 KiB page, owned by the allocator
 *   0x1200000  module region        1 MiB   static data of the module (asc memoryBase)
 *   0x1300000  heap                 to the limit given to `format`
 */

/**
 * Version of this contract; `abiVersion`, `attach`, `exportCommands` and the output window are
 * frozen.
 */
export const ABI_VERSION = 1;

/** Version of all DATA layouts; an image of another version is never placed. */
export const LAYOUT_VERSION = 2;

export const PAGE_BYTES = 4096;
export const PAGE_BITS = 12;
/** 65,535 wasm pages: 65,536 would wrap a u32. */
export const MAXIMUM_WASM_PAGES = 65535;

export const DATA_ROOT = 0x1000;
export const SERVER_ROOT = 0x2000;
export const EXCHANGE = 0x8000;
export const INPUT_WINDOW = 0x10000;
export const INPUT_WINDOW_BYTES = 0x10000;
export const OUTPUT_WINDOW = 0x20000;
export const OUTPUT_WINDOW_BYTES = 0x20000;
export const EFFECTS_WINDOW = 0x40000;
export const EFFECTS_WINDOW_BYTES = 0x10000;
/** The last bytes of the effects window are the host's: what it writes behind taken effects. */
export const EFFECTS_TRAILER_BYTES = 128;
export const ARGUMENTS_WINDOW = 0x50000;
export const ARGUMENTS_WINDOW_BYTES = 0x10000;
export const SCRATCH = 0x60000;
export const SCRATCH_END = 0xfc000;
export const CRC64_TABLES = 0xfc000;
export const PAGE_MAP = 0x100000;
export const PAGE_TABLE = 0x200000;
export const PAGE_TABLE_ENTRY_BYTES = 16;
export const MODULE_BASE = 0x1200000;
export const HEAP_BASE = 0x1300000;

/**
 * The exchange record: byte offsets from EXCHANGE. "out" is written by the engine during a call,
 * "in" by the host between calls.
 */
export const enum Exchange {
  /** out, f64: bytes of the effects stream so far (the position that the call reached). */
  POSITION = 0,
  /** out, u32: how many bytes the host may put at the address that `receiveAddress` returned. */
  RECEIVE_CAPACITY = 8,
  /** out, u32: sessions open. */
  SESSIONS = 12,
  /** in, u32: n > 0 makes the n-th next reserve fail (tests). Counted down by the engine. */
  FAIL_RESERVE = 16,
  /** out, u32: most steps (see memory/steps.ts) that one call has taken; the host may clear it. */
  STEPS_PEAK = 20,
  /** u32: steps of the current call, 0 between calls. */
  STEPS = 24,
  /** in, f64 each: facts for INFO, refreshed by the host on its ticks. */
  PROCESS_ID = 32,
  CPU_USER_SECONDS = 40,
  CPU_SYSTEM_SECONDS = 48,
  RESIDENT_BYTES = 56,
  TOTAL_SYSTEM_BYTES = 64,
  /** in, f64: time of the host's start, milliseconds since 1970. */
  START_TIME_MS = 72,
  /**
   * f64: connections accepted, refused by maxclients; bytes read and written. The host adds, the
   * engine sets them to zero (CONFIG RESETSTAT).
   */
  CONNECTIONS_RECEIVED = 80,
  CONNECTIONS_REJECTED = 88,
  INPUT_BYTES = 96,
  OUTPUT_BYTES = 104,
  /** out, u32: wait request left by a call that answered WAITING (see Request), and its id. */
  REQUEST_KIND = 112,
  REQUEST_ID = 116,
  /** out, u32: address and bytes of the request's text; valid until the next engine call. */
  REQUEST_ADDRESS = 120,
  REQUEST_BYTES = 124,
  /** out, f64: a number that belongs to the request (SLEEP: milliseconds). */
  REQUEST_NUMBER = 128,
  /** in, u32: 1 while snapshot pages are marked: no access clock, no table resize. */
  MARKING = 136,
  /**
   * out, f64: when the first session that waits has waited long enough, milliseconds since 1970;
   * 0 = none. A `tick` at or after that time answers it.
   */
  NEXT_DEADLINE_MS = 144,
  /** f64: reads that brought input, writes of output; as CONNECTIONS_RECEIVED. */
  READS = 152,
  WRITES = 160,
  /**
   * out, u32, of Alone: until the request that says so is answered the host calls the engine for
   * nothing but that answer, and for sessions of its own.
   */
  REQUEST_ALONE = 240,
  /** out, u32: 1 while the default user has a password or is off, so that clients must log in. */
  NEEDS_PASSWORD = 244,
  /** out, u32: milliseconds from which LATENCY notes what the host tells; 0 = it notes nothing. */
  LATENCY_THRESHOLD_MS = 248,
  /** in, u32, read by `format`: where the heap starts instead of HEAP_BASE (tests); 0 = there. */
  HEAP_START = 140,
  /** out, 16 bytes: the history of the data set; written by format, attach, startHistory. */
  HISTORY = 256,
  /** f64: write effects since the last image. The engine adds, the host takes away what one has. */
  CHANGES_SINCE_SAVE = 272,
  /** in, u32: 1 while an image is written; 1 when the last one failed. */
  SAVE_IN_PROGRESS = 280,
  SAVE_FAILED = 284,
  /** in, f64: when the last image was durable, when the one that runs began (0: none does). */
  LAST_SAVE_MS = 288,
  SAVE_STARTED_MS = 296,
  /** in, f64: how long the last one took, -1 when there was none; how many there were. */
  SAVE_DURATION_MS = 304,
  SAVES = 312,
  /** in, f64: bytes that the write barrier copied for the last image and for the one that runs. */
  LAST_COPIED_BYTES = 320,
  COPIED_BYTES = 328,
  /** in, f64: how long the last fork took; how many there were. */
  FORK_MICROSECONDS = 336,
  FORKS = 344,
  /** in, f64: pages of the image that runs, and how many of them are saved. */
  SAVE_PAGES = 352,
  SAVED_PAGES = 360,
  /** u32: 1 when BGSAVE is to begin as soon as it can; the engine sets it, the host clears it. */
  SAVE_SCHEDULED = 368,
  /** in, u32: 1 while the log is rewritten. */
  REWRITE_IN_PROGRESS = 372,
  /** in, u32: 1 while the data set is loaded; 1 while the log has failed and writes are refused. */
  LOADING = 376,
  LOG_FAILED = 380,
  /** in, f64: since when it is loaded, and how much of what there is (bytes or pages). */
  LOADING_START_MS = 384,
  LOADING_TOTAL = 392,
  LOADING_DONE = 400,
  /** in, f64: bytes of image and log, and how many they were after the last rewrite. */
  LOG_BYTES = 408,
  LOG_BASE_BYTES = 416,
  /** in, f64: when the rewrite that runs began (0: none does), how long the last one took or -1. */
  REWRITE_STARTED_MS = 424,
  REWRITE_DURATION_MS = 432,
  /** in, f64: rewrites so far, and how many of the last ones have failed. */
  REWRITES = 440,
  REWRITE_FAILURES = 448,
  /** in, f64: bytes that wait to be appended; syncs that run; appends that waited for one. */
  LOG_BUFFER_BYTES = 456,
  LOG_PENDING_SYNCS = 464,
  LOG_DELAYED_SYNCS = 472,
  /** in, f64: the position up to which the log is durable. */
  LOG_DURABLE = 480,
  /** in, u32: 1 when a rewrite waits for an image that is being made. */
  REWRITE_SCHEDULED = 488,
  /** out, u32: counts the changes of the configuration. */
  CONFIGURATION_CHANGES = 492,
  /**
   * in, u32: 1 = effects stay in their window when a call ends, until `takeEffects` or until half
   * of it is full. The first ones are announced by a flush of Stream.EFFECTS without bytes.
   */
  EFFECTS_GATHERING = 496,
  /** u32: how many bytes of a flush are in EFFECTS_SUM; the host sets it to 0. */
  EFFECTS_SUMMED = 500,
  /** u64: CRC-64 of gathered effects as they are handed over; the host sets what it begins with. */
  EFFECTS_SUM = 504,
}

/** What a call of `execute`, `resume` or `complete` returns. */
export const enum Status {
  /** Everything complete was executed; send what was flushed. */
  CONTINUE = 0,
  /** The session waits: keep its further input until `complete`, then call `resume`. */
  WAITING = 1,
  /** Send what was flushed, then close the connection. */
  CLOSE = 2,
}

/** First argument of the `flush` import: which stream the bytes belong to. */
export const enum Stream {
  /** Replies of `session`, in order. */
  REPLY = 0,
  /** The stream of effects; session is 0. */
  EFFECTS = 1,
  /** A log line; `session` is its level (0 debug, 1 verbose, 2 notice, 3 warning). */
  LOG = 2,
  /** `session` is to be closed once its replies are sent; no bytes. */
  CLOSE = 3,
  /** Commands rendered by `exportCommands`. */
  EXPORT = 4,
  /** The wait of `session` for a key is over: `resume` it, then feed what was kept; no bytes. */
  RESUME = 5,
  /**
   * A message that `session` has not asked for; it may be given to many sessions one after another:
   * without bytes it is the same message as the last one.
   */
  MESSAGE = 6,
  /**
   * Who gets what Stream.BROADCAST brings from now on: the numbers of sessions, u32 each. They are
   * known as subscribers.
   */
  AUDIENCE = 8,
  /** A message for each session of the audience. */
  BROADCAST = 9,
  /** `session` has subscribed to something (address 1) or to nothing any more (0); no bytes. */
  SUBSCRIBER = 7,
}

/** Who waits for an answer while nobody else may run. */
export const enum Alone {
  NOBODY = 0,
  /** A transaction, whose effects are a block that has not ended. */
  IN_BLOCK = 1,
  /** MIGRATE by itself. */
  MIGRATE = 2,
}

/** What the engine asks of the host when a call answers WAITING. */
export const enum Request {
  NONE = 0,
  /** CONFIG SET of a parameter the host must apply; text: "name\0value\0..." pairs. */
  CONFIGURE = 1,
  /**
   * CONFIG REWRITE; text: "name\0value\0..." of every parameter that differs from its default, two
   * NULs, then "older name\0name\0..." of those that have had another name.
   */
  REWRITE_CONFIGURATION = 2,
  /** SHUTDOWN; text: its options as given, separated by NUL. A refusal completes with ok = 0. */
  SHUTDOWN = 3,
  /** DEBUG SLEEP: complete after `number` milliseconds during which nothing else runs. */
  SLEEP = 4,
  /** SAVE: complete when the image is durable. */
  SAVE = 5,
  /** BGSAVE: complete when the image is cut, before any other call. */
  BACKGROUND_SAVE = 6,
  /** BGREWRITEAOF: complete, with the status to answer, before any other call. */
  REWRITE_LOG = 7,
  /** WAITAOF: complete with "1" once the log is durable, with "0" after `number` ms (0: never). */
  WAIT_LOG = 8,
  /**
   * MIGRATE; text: the argument vector, u32 address and u32 bytes of each word, valid until the
   * next engine call; number: the database that the keys are in.
   */
  MIGRATE = 9,
  /** DEBUG RELOAD and LOADAOF; number: options, see ReloadFlag. */
  RELOAD = 10,
  /** ACL LOAD (number 0) and ACL SAVE (number 1; text: what the file of users is to hold). */
  ACL_FILE = 12,
}

/** Options of DEBUG RELOAD. */
export const enum ReloadFlag {
  /** DEBUG LOADAOF: from image and log. */
  LOG = 8,
  /** What is loaded was saved before. */
  NOSAVE = 1,
  /** What is there stays. */
  NOFLUSH = 2,
  /** Keys that are there are replaced. */
  MERGE = 4,
}

/** Flags of `openSession`. */
export const enum SessionFlag {
  NONE = 0,
  /** Came through a Unix socket. */
  UNIX_SOCKET = 1,
  /** The host's own session: no password, no limits, not listed. */
  INTERNAL = 2,
  /** Replays effects: never expires, evicts or refuses. */
  REPLAY = 4,
  /** Peer is not this machine (protected mode). */
  REMOTE = 8,
  /** With INTERNAL: of the program that holds a store; what it sets the host is asked to apply. */
  EMBEDDED = 16,
}
