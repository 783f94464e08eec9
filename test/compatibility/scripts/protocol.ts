// Raw bytes for a connection of their own: the reply bytes and whether it is closed are compared.

export interface RawScript {
  name: string;
  /** Bytes as latin1, one chunk after another. */
  chunks: string[];
  /** The server has a password, and this connection has not shown it. */
  locked?: boolean;
  /** 3: HELLO 3 comes first; its reply, which names the session, is not compared. */
  protocol?: 3;
}

const one = (...args: string[]) =>
  `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;

const PING = one("PING");
const LONG = "x".repeat(70_000);
const MIB = 1 << 20;

const raw = (name: string, ...chunks: string[]): RawScript => ({ name, chunks });
const locked = (name: string, ...chunks: string[]): RawScript => ({ name, chunks, locked: true });
const each = (title: string, texts: string[], make: (text: string) => string[]) =>
  texts.map((text) => raw(`${title} ${JSON.stringify(text).slice(0, 60)}`, ...make(text)));

const inline: RawScript[] = [
  raw("inline, CRLF and LF", "PING\r\nPING\nECHO a\r\n"),
  raw("inline with spaces and tabs", "  PING  \r\n\tECHO\t a \r\nECHO\v a\r\n"),
  raw("inline in double quotes", 'ECHO "a b"\r\nECHO "\\x00\\xff\\n\\r\\t\\a\\b\\\\\\""\r\n'),
  raw("inline odd escapes", 'ECHO "\\q\\x4"\r\nECHO "\\xzz"\r\nECHO "\\xAf"\r\nECHO ""\r\n'),
  raw("inline in single quotes", "ECHO 'a \\' b'\r\nECHO 'a\\n'\r\nECHO ''\r\nECHO '\"'\r\n"),
  raw("inline, quote not closed", 'ECHO "a b\r\nPING\r\n'),
  raw("inline, single quote not closed", "ECHO 'a b\r\nPING\r\n"),
  raw("inline, bytes after the closing quote", 'ECHO "a"b\r\nPING\r\n'),
  raw("inline, bytes after the single quote", "ECHO 'a'b\r\nPING\r\n"),
  raw("inline, quote inside a word", "ECHO a\"b c\"\r\nECHO a'b'\r\n"),
  raw("inline of 65,000 bytes", `ECHO ${"x".repeat(65_000)}\r\n`),
  raw("inline of 65,536 bytes", `ECHO ${"x".repeat(65_536 - 6)}\r\nPING\r\n`),
  raw("inline of 90,000 bytes", `ECHO ${"x".repeat(90_000 - 6)}\r\nPING\r\n`),
  raw("inline too long, without an end", LONG),
  raw("inline too long, in pieces", LONG.slice(0, 40_000), LONG.slice(0, 40_000), "\r\n"),
  raw("inline in pieces", "EC", "HO", " ", "hello", "\r", "\n"),
  raw("inline with NUL", "ECHO a\0b\r\nPING\r\n", "PING\r\n"),
  raw("inline with NUL in front", "\0PING\r\nPING\r\n"),
  raw("inline with CR inside", "ECHO a\rb\r\nPING\r\n"),
  raw("inline with CR at its end twice", "PING\r\r\nPING\r\n"),
  raw("inline with high bytes", "ECHO \xe9\xff\x80\r\n"),
  raw("inline unknown", "NOSUCH a b c\r\nPING\r\n"),
  raw("inline of many words", `${"MGET a b c d e f g h ".repeat(1)}${"k ".repeat(2000)}\r\n`),
  raw("inline and arrays mixed", `PING\r\n${PING}PING\r\n${one("ECHO", "x")}ECHO y\r\n`),
  raw("empty lines", "\r\n\r\n\n\nPING\r\n", "\r\n"),
  raw("lines of spaces", "   \r\n \t \nPING\r\n"),
  raw("quotes that make an empty command", `""\r\nPING\r\n`),
  raw("lines that begin with odd bytes", "$3\r\nPING\r\n", "+OK\r\n", ":1\r\n", "-ERR\r\n"),
];

const counts: RawScript[] = [
  raw("*0", `*0\r\n*0\r\n${PING}`),
  raw("*-1", `*-1\r\n${PING}`),
  raw(
    "*-10 and smaller",
    `*-10\r\n*-2147483648\r\n*-2147483649\r\n*-9223372036854775808\r\n${PING}`,
  ),
  raw("*-9223372036854775809", `*-9223372036854775809\r\n${PING}`),
  ...each(
    "argument count",
    [
      "",
      "a",
      "1a",
      "a1",
      " 1",
      "1 ",
      "+1",
      "01",
      "00",
      "-0",
      "-01",
      "-",
      "1.0",
      "0x1",
      "1e2",
      "\0",
    ],
    (text) => [`*${text}\r\n${PING}`],
  ),
  ...each(
    "huge argument count",
    ["1048576", "1048577", "2147483647", "2147483648", "4294967297", "9223372036854775807"],
    (text) => [`*${text}\r\n$4\r\nPING\r\n`],
  ),
  raw("argument count beyond 64 bits", "*9223372036854775808\r\n", "*99999999999999999999999\r\n"),
  raw("argument count of 30 digits", `*${"1".repeat(30)}\r\n`),
  raw("argument count without an end", `*${"1".repeat(LONG.length)}`),
  raw(
    "argument count in pieces",
    "*",
    "1",
    "\r",
    "\n",
    "$",
    "4",
    "\r",
    "\n",
    "PI",
    "NG",
    "\r",
    "\n",
  ),
  raw("argument count ended by LF", `*1\n$4\nPING\n${PING}`),
  raw("argument count ended by CR and any byte", "*1\rX$4\rXPINGXX"),
  raw("nothing but a star", "*\r\nPING\r\n"),
  raw("arrays without a dollar", "*1\r\nPING\r\n"),
  ...each(
    "instead of a dollar",
    [":1", "+a", "*1", "\0", "\xff", " ", "\r", "\n", "'", "\\"],
    (text) => [`*1\r\n${text}\r\n${PING}`],
  ),
  raw("instead of a dollar, nothing", `*2\r\n$4\r\nECHO\r\n\r\n${PING}`),
];

const bulks: RawScript[] = [
  ...each(
    "bulk length",
    ["", "a", "4a", " 4", "4 ", "+4", "04", "-0", "-1", "-2", "-", "4.0", "0x4", "\0", "4\0"],
    (text) => [`*1\r\n$${text}\r\nPING\r\n`],
  ),
  ...each(
    "huge bulk length",
    [
      "536870913",
      "2147483648",
      "4294967296",
      "4294967300",
      "9223372036854775807",
      "9223372036854775808",
    ],
    (text) => [`*2\r\n$4\r\nECHO\r\n$${text}\r\n`],
  ),
  raw("bulk length beyond 64 bits", `*1\r\n$${"9".repeat(40)}\r\n`),
  raw("bulk length without an end", `*1\r\n$${"1".repeat(LONG.length)}`),
  raw("bulk longer than said", `*1\r\n$4\r\nPINGPING\r\n${PING}`),
  raw("bulk shorter than said", `*1\r\n$6\r\nPING\r\n\r\n${PING}`),
  raw("bulk without its line end", `*2\r\n$4\r\nECHO..$1\r\na..${PING}`),
  raw("bulk of no bytes as a command", `*1\r\n$0\r\n\r\n${PING}`),
  raw("bulks of no bytes", one("ECHO", ""), one("SET", "", ""), one("GET", ""), one("DEL", "")),
  raw("bulk of 1 MiB", one("ECHO", "y".repeat(MIB))),
  raw("bulk in pieces", "*2\r\n$4\r\nECHO\r\n$10\r\n12345", "67890", "\r", "\n"),
  raw(
    "bulk of 100,000 bytes in pieces",
    "*2\r\n$4\r\nECHO\r\n$100000\r\n",
    "z".repeat(50_000),
    `${"z".repeat(50_000)}\r\n`,
  ),
  raw("cut off in the middle", "*2\r\n$4\r\nECHO\r\n$10\r\n123"),
];

const pipelines: RawScript[] = [
  raw("pipeline", PING.repeat(500)),
  raw(
    "pipeline with errors in the middle",
    [
      one("SET", "protocol:a", "1"),
      one("NOSUCH"),
      one("GET"),
      one("GET", "protocol:a", "x"),
      one("INCR", "protocol:a"),
      one("SET", "protocol:a", "v", "PX"),
      one("INCRBY", "protocol:a", "x"),
      one("GET", "protocol:a"),
    ].join(""),
  ),
  raw("pipeline that ends in a protocol error", `${PING}${PING}*1\r\n!\r\n${PING}`),
  raw("pipeline with QUIT inside", `${PING}${one("QUIT")}${PING}`),
  {
    name: "pipeline with RESET inside",
    chunks: [one("GET", "protocol:none") + one("RESET") + one("GET", "protocol:none")],
    protocol: 3,
  },
  raw("RESP3 nulls", one("HELLO", "4"), one("GET", "protocol:none"), one("MGET", "protocol:none")),
  raw(
    "replies off",
    `${one("CLIENT", "REPLY", "OFF")}${PING}${one("CLIENT", "REPLY", "ON")}${PING}`,
  ),
  raw("reply skipped", `${one("CLIENT", "REPLY", "SKIP")}${PING}${PING}`),
  raw("reply skipped, an error", `${one("CLIENT", "REPLY", "SKIP")}${one("NOSUCH")}${PING}`),
];

const BINARY = [
  "\0",
  "\r\n",
  "a\0b",
  "a\r\nb",
  "\xff\xfe",
  "\0\0\0",
  " ",
  '"',
  "'",
  "\n",
  "*1\r\n$4\r\nPING\r\n",
];

const binary: RawScript[] = [
  ...BINARY.map((key) =>
    raw(
      `key ${JSON.stringify(key)}`,
      one("SET", key, `value of ${key}`),
      one("GET", key),
      one("APPEND", key, key),
      one("STRLEN", key),
      one("EXISTS", key, key),
      one("RENAME", key, `${key}2`),
      one("TYPE", `${key}2`),
      one("DEL", key, `${key}2`),
    ),
  ),
  raw(
    "unknown commands with odd bytes",
    one("a\0b"),
    one("a\r\nb", "c\r\nd"),
    one("\xff\xfe", "\x80"),
  ),
  raw("unknown command, empty", one(""), one("", "a")),
  raw("unknown command, long", one("n".repeat(300), "a")),
  raw(
    "unknown command of 128 bytes",
    one("n".repeat(127)),
    one("n".repeat(128)),
    one("n".repeat(129)),
  ),
  raw("unknown command, long arguments", one("NOSUCH", "a".repeat(200), "b".repeat(200), "c")),
  raw(
    "unknown command, arguments of 128 bytes",
    one("NOSUCH", "a".repeat(127)),
    one("NOSUCH", "a".repeat(128), "b"),
  ),
  raw(
    "unknown command, many arguments",
    one("NOSUCH", ...Array.from({ length: 100 }, (_, i) => `arg${i}`)),
  ),
  raw("unknown command, empty arguments", one("NOSUCH", "", "", "")),
  raw("unknown command, quotes", one("NO'SUCH", "'", '"'), one("no|such"), one("config|get", "x")),
  raw(
    "unknown subcommands",
    one("CONFIG", "nosuch"),
    one("CLIENT", "nosuch", "a"),
    one("OBJECT", "nosuch"),
  ),
  raw(
    "unknown subcommand, odd bytes",
    one("CONFIG", "a\0b"),
    one("CONFIG", "a\r\nb"),
    one("CLIENT", "\xff"),
  ),
  raw("unknown subcommand, empty", one("CONFIG", ""), one("OBJECT", "")),
  raw(
    "unknown subcommand, long",
    one("CONFIG", "s".repeat(127)),
    one("CONFIG", "s".repeat(128)),
    one("CONFIG", "s".repeat(300)),
  ),
  raw(
    "names that begin as known ones",
    one("GE", "a"),
    one("GETT", "a"),
    one("GET\0", "a"),
    one("get ", "a"),
  ),
  raw("case", one("gEt", "protocol:none"), one("cOnFiG", "gEt", "DATABASES")),
];

const EDGES = [
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "-9223372036854775809",
  "9223372036854775806",
  "18446744073709551615",
  "18446744073709551616",
  "2147483648",
  "-2147483649",
  "4294967296",
  "0",
  "-0",
  "+1",
  "01",
  "1 ",
  " 1",
  "",
  "1.0",
  "1e3",
  "0x10",
  "nan",
  "inf",
  "1\0",
];

const edges: RawScript[] = EDGES.map((value) =>
  raw(
    `integer ${JSON.stringify(value)}`,
    one("SET", "protocol:i", "1"),
    ...["INCRBY", "DECRBY", "EXPIRE", "PEXPIRE", "SETRANGE"].map((name) =>
      name === "SETRANGE" ? one(name, "protocol:i", value, "") : one(name, "protocol:j", value),
    ),
    one("DEL", "protocol:j"),
    one("GETRANGE", "protocol:i", value, value),
    one("SET", "protocol:k", value),
    one("INCR", "protocol:k"),
    one("DECR", "protocol:k"),
    one("INCRBY", "protocol:k", "9223372036854775807"),
    one("DECRBY", "protocol:k", "9223372036854775807"),
    one("OBJECT", "ENCODING", "protocol:k"),
    one("SET", "protocol:l", "v", "EX", value),
    one("SET", "protocol:l", "v", "PXAT", value),
    one("GETEX", "protocol:l", "PX", value),
    one("SETEX", "protocol:l", value, "v"),
    one("PSETEX", "protocol:l", value, "v"),
    one("SELECT", value),
    one("SELECT", "0"),
    one("DEL", "protocol:i", "protocol:k", "protocol:l"),
  ),
);

const FLOATS = [
  "nan",
  "NaN",
  "-nan",
  "inf",
  "INF",
  "+inf",
  "-inf",
  "infinity",
  "-Infinity",
  "infinit",
  "1e308",
  "1e309",
  "1e400",
  "1e4931",
  "1e5000",
  "1e-5000",
  "-1e5000",
  "0x1p3",
  "0x",
  "1e",
  ".",
  "-",
  "+",
  ".5",
  "5.",
  "-.5",
  "1e+3",
  "1 ",
  " 1",
  "",
  "3.0e3",
  "0.1",
  "1,5",
  "1\0",
  "1e17",
  "123456789012345678",
  "9007199254740993",
  "0.00000000000000001",
  "-0",
  "-0.0",
];

const floats: RawScript[] = FLOATS.map((value) =>
  raw(
    `float ${JSON.stringify(value)}`,
    one("DEL", "protocol:f", "protocol:g"),
    one("INCRBYFLOAT", "protocol:f", value),
    one("INCRBYFLOAT", "protocol:f", "0.1"),
    one("SET", "protocol:g", value),
    one("INCRBYFLOAT", "protocol:g", "1"),
    one("GET", "protocol:g"),
    one("DEL", "protocol:f", "protocol:g"),
  ),
);

const withPassword: RawScript[] = [
  locked("before AUTH", PING, one("GET", "a"), one("NOSUCH"), one("GET"), one("AUTH", "wrong")),
  locked("before AUTH, 10 arguments", one("NOSUCH", ...Array(9).fill("a"))),
  locked("before AUTH, 11 arguments", one("NOSUCH", ...Array(10).fill("a"))),
  locked("before AUTH, *11", "*11\r\n"),
  locked("before AUTH, bulk of 16,384 bytes", one("ECHO", "x".repeat(16_384))),
  locked("before AUTH, bulk of 16,385 bytes", one("ECHO", "x".repeat(16_385))),
  locked("before AUTH, bulk length alone", "*2\r\n$4\r\nAUTH\r\n$16385\r\n"),
  locked("AUTH, then many arguments", one("AUTH", "secret"), one("MGET", ...Array(20).fill("a"))),
  locked("AUTH and more in one chunk", one("AUTH", "secret") + one("MGET", ...Array(20).fill("a"))),
  locked(
    "AUTH wrongly, with a user",
    one("AUTH", "default", "wrong"),
    one("AUTH", "nobody", "secret"),
    one("AUTH", "default", "secret"),
    PING,
  ),
  locked("HELLO with AUTH", one("HELLO", "3", "AUTH", "default", "wrong"), one("GET", "a")),
  locked("QUIT before AUTH", one("QUIT"), PING),
  locked("inline before AUTH", "PING\r\nAUTH secret\r\nPING\r\n"),
  locked("RESET takes the right away", one("AUTH", "secret"), one("RESET"), one("GET", "a")),
];

export const rawScripts: RawScript[] = [
  ...inline,
  ...counts,
  ...bulks,
  ...pipelines,
  ...binary,
  ...edges,
  ...floats,
  ...withPassword,
];
