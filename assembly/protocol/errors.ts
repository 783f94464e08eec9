/**
 * Every constant error text, in one place; composed-errors.ts has those that carry something of the
 * command, and is exported from here too.
 *
 * A constant is the whole line with its code. Texts follow Redis 7.4. Literals are lazy, so a build
 * holds only those in use.
 */
export * from "./composed-errors";

// ---- Any command --------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const SYNTAX: string = "ERR syntax error";
// @ts-ignore: decorator
@lazy @inline export const WRONG_TYPE: string = "\
WRONGTYPE Operation against a key holding the wrong kind of value";
// @ts-ignore: decorator
@lazy @inline export const NOT_INTEGER: string = "ERR value is not an integer or out of range";
// @ts-ignore: decorator
@lazy @inline export const NOT_FLOAT: string = "ERR value is not a valid float";
// @ts-ignore: decorator
@lazy @inline export const OUT_OF_RANGE: string = "ERR index out of range";
// @ts-ignore: decorator
@lazy @inline export const VALUE_OUT_OF_RANGE: string = "ERR value is out of range";
// @ts-ignore: decorator
@lazy @inline export const NOT_POSITIVE: string = "ERR value is out of range, must be positive";
// @ts-ignore: decorator
@lazy @inline export const NO_SUCH_KEY: string = "ERR no such key";
// @ts-ignore: decorator
@lazy @inline export const SAME_OBJECT: string = "ERR source and destination objects are the same";
// @ts-ignore: decorator
@lazy @inline export const OUT_OF_MEMORY: string = "\
OOM command not allowed when used memory > 'maxmemory'.";
// @ts-ignore: decorator
@lazy @inline export const NOAUTH: string = "NOAUTH Authentication required.";
// @ts-ignore: decorator
@lazy @inline export const BUSY: string = "\
BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
// @ts-ignore: decorator
@lazy @inline export const LOADING: string = "LOADING Redis is loading the dataset in memory";
// @ts-ignore: decorator
@lazy @inline export const READ_ONLY: string = "\
READONLY You can't write against a read only replica.";
// @ts-ignore: decorator
@lazy @inline export const CLUSTER_DISABLED: string = "\
ERR This instance has cluster support disabled";
// @ts-ignore: decorator
@lazy @inline export const TOO_MANY_CLIENTS: string = "ERR max number of clients reached";
// @ts-ignore: decorator
@lazy @inline export const COMMAND_NOT_ALLOWED_IN_MULTI: string = "\
ERR Command not allowed inside a transaction";

// ---- Strings ------------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const OVERFLOW: string = "ERR increment or decrement would overflow";
// @ts-ignore: decorator
@lazy @inline export const DECREMENT_OVERFLOW: string = "ERR decrement would overflow";
// @ts-ignore: decorator
@lazy @inline export const NOT_A_NUMBER_RESULT: string = "\
ERR increment would produce NaN or Infinity";
// @ts-ignore: decorator
@lazy @inline export const OFFSET_OUT_OF_RANGE: string = "ERR offset is out of range";
// @ts-ignore: decorator
@lazy @inline export const STRING_TOO_LONG: string = "\
ERR string exceeds maximum allowed size (proto-max-bulk-len)";
// @ts-ignore: decorator
@lazy @inline export const LCS_LENGTH_AND_INDEXES: string = "\
ERR If you want both the length and indexes, please just use IDX.";
// @ts-ignore: decorator
@lazy @inline export const LCS_NOT_STRINGS: string = "\
ERR The specified keys must contain string values";
// @ts-ignore: decorator
@lazy @inline export const LCS_TOO_LONG: string = "ERR String too long for LCS";
// @ts-ignore: decorator
@lazy @inline export const LCS_OUT_OF_MEMORY: string = "\
ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
// @ts-ignore: decorator
@lazy @inline export const WRONG_DIGEST: string = "ERR must be exactly 16 hexadecimal characters";
// @ts-ignore: decorator
@lazy @inline export const NOT_A_STRING_TO_COMPARE: string = "\
ERR Key should be of string type if conditions are specified";
// @ts-ignore: decorator
@lazy @inline export const ZADD_NX_WITH_XX: string = "\
ERR XX and NX options at the same time are not compatible";
// @ts-ignore: decorator
@lazy @inline export const ZADD_GT_LT_NX: string = "\
ERR GT, LT, and/or NX options at the same time are not compatible";
// @ts-ignore: decorator
@lazy @inline export const ZADD_INCR_PAIRS: string = "\
ERR INCR option supports a single increment-element pair";
// @ts-ignore: decorator
@lazy @inline export const SCORE_NOT_A_NUMBER: string = "\
ERR resulting score is not a number (NaN)";
// @ts-ignore: decorator
@lazy @inline export const SCORE_RANGE: string = "ERR min or max is not a float";
// @ts-ignore: decorator
@lazy @inline export const BYTES_RANGE: string = "ERR min or max not valid string range item";
// @ts-ignore: decorator
@lazy @inline export const LIMIT_OF_RANKS: string = "\
ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
// @ts-ignore: decorator
@lazy @inline export const WITHSCORES_BY_BYTES: string = "\
ERR syntax error, WITHSCORES not supported in combination with BYLEX";
// @ts-ignore: decorator
@lazy @inline export const WEIGHT_NOT_FLOAT: string = "ERR weight value is not a float";
// @ts-ignore: decorator
@lazy @inline export const LIMIT_NEGATIVE: string = "ERR LIMIT can't be negative";
// @ts-ignore: decorator
@lazy @inline export const INVALID_KEY_COUNT: string = "ERR invalid numkeys value";
// @ts-ignore: decorator
@lazy @inline export const WRONG_PAIR_COUNT: string = "ERR wrong number of key-value pairs";
// @ts-ignore: decorator
@lazy @inline export const NEEDS_EXPIRY: string = "ERR ENX flag requires an expiration";
// @ts-ignore: decorator
@lazy @inline export const BOUNDS_CROSSED: string = "ERR LBOUND can't be greater than UBOUND";
// @ts-ignore: decorator
@lazy @inline export const INCREMENT_INFINITE: string = "\
ERR BYFLOAT increment cannot be Infinity";
// @ts-ignore: decorator
@lazy @inline export const VALUE_INFINITE: string = "ERR value cannot be Infinity";
// @ts-ignore: decorator
@lazy @inline export const APPLIED_OVERFLOW: string = "ERR applied increment would overflow";
// @ts-ignore: decorator
@lazy @inline export const APPLIED_INFINITE: string = "ERR applied increment would be Infinity";

// ---- Bitmaps -----------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const BIT_OFFSET_NOT_INTEGER: string = "\
ERR bit offset is not an integer or out of range";
// @ts-ignore: decorator
@lazy @inline export const BIT_NOT_INTEGER: string = "ERR bit is not an integer or out of range";
// @ts-ignore: decorator
@lazy @inline export const BIT_ONE_OR_ZERO: string = "ERR The bit argument must be 1 or 0.";
// @ts-ignore: decorator
@lazy @inline export const BITOP_NOT_SOURCES: string = "\
ERR BITOP NOT must be called with a single source key.";
// @ts-ignore: decorator
@lazy @inline export const BITFIELD_TYPE: string = "\
ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
// @ts-ignore: decorator
@lazy @inline export const BITFIELD_OVERFLOW: string = "ERR Invalid OVERFLOW type specified";
// @ts-ignore: decorator
@lazy @inline export const BITFIELD_READ_ONLY: string = "\
ERR BITFIELD_RO only supports the GET subcommand";

// ---- HyperLogLog -------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const NOT_HYPERLOGLOG: string = "\
WRONGTYPE Key is not a valid HyperLogLog string value.";
// @ts-ignore: decorator
@lazy @inline export const CORRUPT_HYPERLOGLOG: string = "INVALIDOBJ Corrupted HLL object detected";
// @ts-ignore: decorator
@lazy @inline export const HYPERLOGLOG_NO_KEY: string = "ERR The specified key does not exist";
// @ts-ignore: decorator
@lazy @inline export const HYPERLOGLOG_NOT_SPARSE: string = "ERR HLL encoding is not sparse";
// @ts-ignore: decorator
@lazy @inline export const HYPERLOGLOG_SELF_TEST: string = "\
TESTFAILED The HyperLogLog code does not do what it should";

// ---- Hashes -------------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const HASH_NOT_INTEGER: string = "ERR hash value is not an integer";
// @ts-ignore: decorator
@lazy @inline export const HASH_NOT_FLOAT: string = "ERR hash value is not a float";
// @ts-ignore: decorator
@lazy @inline export const NOT_FINITE: string = "ERR value is NaN or Infinity";
// @ts-ignore: decorator
@lazy @inline export const FIELDS_MISSING: string = "\
ERR Mandatory argument FIELDS is missing or not at the right position";
// @ts-ignore: decorator
@lazy @inline export const FIELD_COUNT_ZERO: string = "\
ERR Parameter `numFields` should be greater than 0";
// @ts-ignore: decorator
@lazy @inline export const FIELD_COUNT_NOT_POSITIVE: string = "\
ERR Number of fields must be a positive integer";
// @ts-ignore: decorator
@lazy @inline export const FIELD_COUNT_INVALID: string = "ERR invalid number of fields";
// @ts-ignore: decorator
@lazy @inline export const FIELD_COUNT_WRONG: string = "\
ERR The `numfields` parameter must match the number of arguments";
// @ts-ignore: decorator
@lazy @inline export const EXPIRE_NEGATIVE: string = "ERR invalid expire time, must be >= 0";
// @ts-ignore: decorator
@lazy @inline export const EXPIRE_MISSING: string = "ERR missing expire time";
// @ts-ignore: decorator
@lazy @inline export const HSETEX_ONE_CONDITION: string = "\
ERR Only one of FXX or FNX arguments can be specified";
// @ts-ignore: decorator
@lazy @inline export const HSETEX_ONE_TIME: string = "\
ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
// @ts-ignore: decorator
@lazy @inline export const HGETEX_ONE_TIME: string = "\
ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified";

// ---- Sets ---------------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const KEY_COUNT_TOO_LARGE: string = "\
ERR Number of keys can't be greater than number of args";
// @ts-ignore: decorator
@lazy @inline export const NOVALUES_ONLY_HSCAN: string = "\
ERR NOVALUES option can only be used in HSCAN";
// @ts-ignore: decorator
@lazy @inline export const NOSCORES_ONLY_ZSCAN: string = "\
ERR NOSCORES option can only be used in ZSCAN";

// ---- Lists --------------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const RANK_ZERO: string = "\
ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use \
negative to start from the end of the list";
// @ts-ignore: decorator
@lazy @inline export const COUNT_NEGATIVE: string = "ERR COUNT can't be negative";
// @ts-ignore: decorator
@lazy @inline export const MAXLEN_NEGATIVE: string = "ERR MAXLEN can't be negative";
// @ts-ignore: decorator
@lazy @inline export const NUMKEYS_NOT_POSITIVE: string = "ERR numkeys should be greater than 0";
// @ts-ignore: decorator
@lazy @inline export const COUNT_NOT_POSITIVE: string = "ERR count should be greater than 0";

// ---- Keys and databases -------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const DATABASE_OUT_OF_RANGE: string = "ERR DB index is out of range";
// @ts-ignore: decorator
@lazy @inline export const INVALID_DATABASE: string = "ERR invalid DB index";
// @ts-ignore: decorator
@lazy @inline export const INVALID_FIRST_DATABASE: string = "ERR invalid first DB index";
// @ts-ignore: decorator
@lazy @inline export const INVALID_SECOND_DATABASE: string = "ERR invalid second DB index";
// @ts-ignore: decorator
@lazy @inline export const INVALID_CURSOR: string = "ERR invalid cursor";
// @ts-ignore: decorator
@lazy @inline export const EXPIRE_NX_WITH_OTHERS: string = "\
ERR NX and XX, GT or LT options at the same time are not compatible";
// @ts-ignore: decorator
@lazy @inline export const EXPIRE_GT_WITH_LT: string = "\
ERR GT and LT options at the same time are not compatible";
// @ts-ignore: decorator
@lazy @inline export const OBJECT_FREQUENCY_WITHOUT_LFU: string = "\
ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that \
when switching between policies at runtime LRU and LFU data will take some time to adjust.";
// @ts-ignore: decorator
@lazy @inline export const OBJECT_IDLE_WITH_LFU: string = "\
ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when \
switching between policies at runtime LRU and LFU data will take some time to adjust.";
// @ts-ignore: decorator
@lazy @inline export const BAD_DUMP: string = "ERR DUMP payload version or checksum are wrong";
// @ts-ignore: decorator
@lazy @inline export const BUSY_KEY: string = "BUSYKEY Target key name already exists.";
// @ts-ignore: decorator
@lazy @inline export const BAD_DATA_FORMAT: string = "ERR Bad data format";
// @ts-ignore: decorator
@lazy @inline export const INVALID_IDLE_TIME: string = "ERR Invalid IDLETIME value, must be >= 0";
// @ts-ignore: decorator
@lazy @inline export const INVALID_FREQUENCY: string = "\
ERR Invalid FREQ value, must be >= 0 and <= 255";
// @ts-ignore: decorator
@lazy @inline export const INVALID_TTL: string = "ERR Invalid TTL value, must be >= 0";

// ---- Connection ---------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const WRONG_PASSWORD: string = "\
WRONGPASS invalid username-password pair or user is disabled.";
// @ts-ignore: decorator
@lazy @inline export const NO_PASSWORD_SET: string = "\
ERR AUTH <password> called without any password configured for the default user. Are you \
sure your configuration is correct?";
// @ts-ignore: decorator
@lazy @inline export const NO_PROTOCOL: string = "NOPROTO unsupported protocol version";
// @ts-ignore: decorator
@lazy @inline export const PROTOCOL_NOT_INTEGER: string = "\
ERR Protocol version is not an integer or out of range";
// @ts-ignore: decorator
@lazy @inline export const HELLO_NOAUTH: string = "\
NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO \
<proto> AUTH <user> <pass> option can be used to authenticate the client and select the \
RESP protocol version at the same time";
// @ts-ignore: decorator
@lazy @inline export const INVALID_CLIENT_NAME: string = "\
ERR Client names cannot contain spaces, newlines or special characters.";
// @ts-ignore: decorator
@lazy @inline export const NO_SUCH_CLIENT: string = "ERR No such client";
// @ts-ignore: decorator
@lazy @inline export const NO_SUCH_CLIENT_ID: string = "ERR No such client ID";
// @ts-ignore: decorator
@lazy @inline export const CLIENT_ID_POSITIVE: string = "ERR client-id should be greater than 0";
// @ts-ignore: decorator
@lazy @inline export const INVALID_CLIENT_ID: string = "ERR Invalid client ID";
// @ts-ignore: decorator
@lazy @inline export const MAX_AGE_NOT_INTEGER: string = "\
ERR maxage is not an integer or out of range";
// @ts-ignore: decorator
@lazy @inline export const MAX_AGE_POSITIVE: string = "ERR maxage should be greater than 0";
// @ts-ignore: decorator
@lazy @inline export const UNBLOCK_REASON: string = "\
ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR";
// @ts-ignore: decorator
@lazy @inline export const PAUSE_MODE: string = "ERR CLIENT PAUSE mode must be WRITE or ALL";
// @ts-ignore: decorator
@lazy @inline export const MONITOR_DENIED: string = "\
ERR MONITOR isn't allowed for DENY BLOCKING client";
// @ts-ignore: decorator
@lazy @inline export const MONITOR_KEYSPACE: string = "\
ERR Replica can't interact with the keyspace";
// @ts-ignore: decorator
@lazy @inline export const SLOWLOG_COUNT: string = "\
ERR count should be greater than or equal to -1";
// @ts-ignore: decorator
@lazy @inline export const TIMEOUT_NOT_INTEGER: string = "\
ERR timeout is not an integer or out of range";
// @ts-ignore: decorator
@lazy @inline export const NOT_A_TIMEOUT: string = "\
ERR timeout is not a float or out of range";
// @ts-ignore: decorator
@lazy @inline export const UNBLOCKED: string = "\
UNBLOCKED client unblocked via CLIENT UNBLOCK";
// @ts-ignore: decorator
@lazy @inline export const TIMEOUT_NEGATIVE: string = "ERR timeout is negative";
// @ts-ignore: decorator
@lazy @inline export const PROTECTED_MODE: string = "\
DENIED Redis is running in protected mode because protected mode is enabled and no password \
is set for the default user. In this mode connections are only accepted from the loopback \
interface. If you want to connect from external computers to Redis you may adopt one of the \
following solutions: 1) Just disable protected mode sending the command 'CONFIG SET \
protected-mode no' from the loopback interface by connecting to Redis from the same host \
the server is running, however MAKE SURE Redis is not publicly accessible from internet if \
you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just \
disable the protected mode by editing the Redis configuration file, and setting the \
protected mode option to 'no', and then restarting the server. 3) If you started the server \
manually just for testing, restart it with the '--protected-mode no' option. 4) Set up an \
authentication password for the default user. NOTE: You only need to do one of the above \
things in order for the server to start accepting connections from the outside.";

// ---- Tracking -----------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const REDIRECT_TWICE: string = "\
ERR A client can only redirect to a single other client";
// @ts-ignore: decorator
@lazy @inline export const REDIRECT_MISSING: string = "\
ERR The client ID you want redirect to does not exist";
// @ts-ignore: decorator
@lazy @inline export const PREFIX_NEEDS_BROADCAST: string = "\
ERR PREFIX option requires BCAST mode to be enabled";
// @ts-ignore: decorator
@lazy @inline export const SWITCH_BROADCAST: string = "\
ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then \
re-enabling it with a different mode.";
// @ts-ignore: decorator
@lazy @inline export const OPT_AND_BROADCAST: string = "\
ERR OPTIN and OPTOUT are not compatible with BCAST";
// @ts-ignore: decorator
@lazy @inline export const OPT_BOTH: string = "\
ERR You can't specify both OPTIN mode and OPTOUT mode";
// @ts-ignore: decorator
@lazy @inline export const SWITCH_OPT: string = "\
ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then \
re-enabling it with a different mode.";
// @ts-ignore: decorator
@lazy @inline export const CACHING_NOT_TRACKING: string = "\
ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT \
mode enabled";
// @ts-ignore: decorator
@lazy @inline export const CACHING_NEEDS_OPT_IN: string = "\
ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
// @ts-ignore: decorator
@lazy @inline export const CACHING_NEEDS_OPT_OUT: string = "\
ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";

// ---- Server -------------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const NO_CONFIGURATION_FILE: string = "\
ERR The server is running without a config file";
// @ts-ignore: decorator
@lazy @inline export const NO_SHUTDOWN: string = "ERR No shutdown in progress.";
// @ts-ignore: decorator
@lazy @inline export const SAVE_IN_PROGRESS: string = "ERR Background save already in progress";
// @ts-ignore: decorator
@lazy @inline export const ANOTHER_CHILD: string = "\
ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order \
to schedule a BGSAVE whenever possible.";
// @ts-ignore: decorator
@lazy @inline export const WAITAOF_WITHOUT_LOG: string = "\
ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
// @ts-ignore: decorator
@lazy @inline export const SAVE_MISCONF: string = "\
MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. \
Commands that may modify the data set are disabled, because this instance is configured to report \
errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check \
the Redis logs for details about the RDB error.";
// @ts-ignore: decorator
@lazy @inline export const SHUTDOWN_FAILED: string = "ERR Errors trying to SHUTDOWN. Check logs.";
// @ts-ignore: decorator
@lazy @inline export const MIGRATE_KEY_NOT_EMPTY: string = "\
ERR When using MIGRATE KEYS option, the key argument must be set to the empty string";
// @ts-ignore: decorator
@lazy @inline export const RELOAD_OPTIONS: string = "\
ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
// @ts-ignore: decorator
@lazy @inline export const DEBUG_NOT_ALLOWED: string = "\
ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you \
can run it from a local connection, otherwise you need to set this option in the \
configuration file, and then restart the server.";
// @ts-ignore: decorator
@lazy @inline export const NO_SUCH_COMMAND_KEYS: string = "ERR The command has no key arguments";
// @ts-ignore: decorator
@lazy @inline export const INVALID_COMMAND: string = "ERR Invalid command specified";
// @ts-ignore: decorator
@lazy @inline export const INVALID_ARGUMENT_COUNT: string = "\
ERR Invalid number of arguments specified for command";
// @ts-ignore: decorator
@lazy @inline export const INVALID_ARGUMENTS: string = "\
ERR Invalid arguments specified for command";
// @ts-ignore: decorator
@lazy @inline export const MODULE_NOT_ALLOWED: string = "\
ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", \
you can run it from a local connection, otherwise you need to set this option in the \
configuration file, and then restart the server.";
// @ts-ignore: decorator
@lazy @inline export const INVALID_MASTER_PORT: string = "ERR Invalid master port";

// @ts-ignore: decorator
@lazy @inline export const NO_REPLICATION: string = "\
ERR Replication is not built yet: this server follows nobody (only NO ONE is accepted)";
// @ts-ignore: decorator
@lazy @inline export const TIMEOUT_OUT_OF_RANGE: string = "ERR timeout is out of range";

// ---- Scripts and functions ----------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const NOT_BUSY: string = "NOTBUSY No scripts in execution right now.";
// @ts-ignore: decorator
@lazy @inline export const NO_LIBRARY: string = "ERR Library not found";
// @ts-ignore: decorator
@lazy @inline export const NO_LIBRARY_NAME: string = "ERR library name argument was not given";
// @ts-ignore: decorator
@lazy @inline export const FUNCTION_FLUSH_OPTION: string = "\
ERR FUNCTION FLUSH only supports SYNC|ASYNC option";
// @ts-ignore: decorator
@lazy @inline export const SCRIPT_FLUSH_OPTION: string = "\
ERR SCRIPT FLUSH only support SYNC|ASYNC option";

// ---- Transactions -------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const EXEC_WITHOUT_MULTI: string = "ERR EXEC without MULTI";
// @ts-ignore: decorator
@lazy @inline export const DISCARD_WITHOUT_MULTI: string = "ERR DISCARD without MULTI";
// @ts-ignore: decorator
@lazy @inline export const NESTED_MULTI: string = "ERR MULTI calls can not be nested";
// @ts-ignore: decorator
@lazy @inline export const WATCH_IN_MULTI: string = "ERR WATCH inside MULTI is not allowed";
// @ts-ignore: decorator
@lazy @inline export const EXEC_ABORTED: string = "\
EXECABORT Transaction discarded because of previous errors.";
// @ts-ignore: decorator
@lazy @inline export const EXEC_ARITY: string = "wrong number of arguments for 'exec' command";
// @ts-ignore: decorator
@lazy @inline export const EXEC_WHILE_SUBSCRIBED: string = "\
Can't execute 'exec': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET \
are allowed in this context";

// ---- Protocol (the connection closes after these) -----------------------------------------------

// @ts-ignore: decorator
@lazy @inline export const PROTOCOL_ARRAY_LENGTH: string = "\
ERR Protocol error: invalid multibulk length";
// @ts-ignore: decorator
@lazy @inline export const PROTOCOL_ARRAY_LENGTH_UNAUTHENTICATED: string = "\
ERR Protocol error: unauthenticated multibulk length";
// @ts-ignore: decorator
@lazy @inline export const PROTOCOL_ARRAY_LINE_TOO_LONG: string = "\
ERR Protocol error: too big mbulk count string";
// @ts-ignore: decorator
@lazy @inline export const PROTOCOL_BULK_LENGTH: string = "ERR Protocol error: invalid bulk length";
// @ts-ignore: decorator
@lazy @inline export const PROTOCOL_BULK_LENGTH_UNAUTHENTICATED: string = "\
ERR Protocol error: unauthenticated bulk length";
// @ts-ignore: decorator
@lazy @inline export const PROTOCOL_BULK_LINE_TOO_LONG: string = "\
ERR Protocol error: too big bulk count string";
// @ts-ignore: decorator
@lazy @inline export const PROTOCOL_INLINE_TOO_LONG: string = "\
ERR Protocol error: too big inline request";
// @ts-ignore: decorator
@lazy @inline export const PROTOCOL_QUOTES: string = "\
ERR Protocol error: unbalanced quotes in request";
