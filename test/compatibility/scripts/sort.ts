// SORT and SORT_RO over lists, sets and sorted sets.
import type { Script } from "../../support/script";

const prepare = [
  "RPUSH list 3 1 2 10 -5 2.5 1e3 0x10 3",
  "RPUSH words pear apple fig Apple zoo a aa 10 9 é",
  "SADD set 3 1 2 10 -5",
  "SADD names pear apple fig Apple zoo a aa",
  "ZADD board 3 c 1 a 2 b 2 bb -1 d",
  "ZADD numbers 1 30 2 20 3 10 4 40",
  "MSET w_1 5 w_2 1 w_3 3 w_10 3 w_-5 0 n_1 one n_2 two n_3 three n_10 ten",
  "MSET weight_pear 3 weight_apple 1 weight_fig 2 weight_zoo x name_apple A name_fig F name_zoo C",
  "HSET h_1 weight 9 name uno",
  "HSET h_2 weight 3 name dos",
  "HSET h_3 weight 4",
  "HSET h_10 weight 1 name diez",
  "RPUSH w_2.5 not a string",
  "SET text x",
  "HSET hash a b",
  ["RPUSH", "blanks", "", " 1", "1 ", "\t2"],
  ["RPUSH", "leading", "", " 1", "\t2", "-0", "0", "+3", "inf", "-inf"],
  ["RPUSH", "huge", "1e400", "1"],
  ["RPUSH", "tiny", "1e-400", "1"],
  ["RPUSH", "odd", "nan", "1"],
];

const orders = ["", " ASC", " DESC", " ALPHA", " ALPHA DESC", " DESC ASC", " DESC ALPHA ASC"];
const limits = ["0 2", "1 2", "2 100", "100 2", "0 -1", "-1 2", "-5 -5", "3 0", "4 1", "1 -7"];
const patterns = [
  ...["w_*", "h_*->weight", "h_*->name", "h_*->", "n_*", "missing_*", "*", "#", "##", "w_*_x"],
  ...["nosort", "h_*->none", "->", "*->weight", "h_*->weight->x", "w_**", "hash", "w_1"],
];

function sorts(key: string): string[] {
  return [
    ...orders.map((order) => `SORT ${key}${order}`),
    ...orders.map((order) => `SORT_RO ${key}${order}`),
    ...limits.flatMap((limit) => [
      `SORT ${key} LIMIT ${limit} ALPHA`,
      `SORT ${key} LIMIT ${limit} ALPHA DESC`,
    ]),
  ];
}

/** For values whose order is that of the value. */
function natives(key: string): string[] {
  return limits.flatMap((limit) => [
    `SORT ${key} BY nosort LIMIT ${limit}`,
    `SORT ${key} BY nosort DESC LIMIT ${limit}`,
    `SORT ${key} BY nosort DESC LIMIT ${limit} GET # GET n_* GET h_*->name`,
  ]);
}

/** Elements with nothing to compare are kept in the order of their bytes only as numbers. */
function byPatterns(key: string): string[] {
  return patterns
    .filter((pattern) => pattern.includes("*"))
    .flatMap((pattern) => [
      `SORT ${key} BY ${pattern}`,
      `SORT ${key} BY ${pattern} DESC`,
      `SORT ${key} BY ${pattern} GET # GET ${pattern}`,
      `SORT_RO ${key} BY ${pattern} GET ${pattern}`,
      `SORT ${key} BY ${pattern} LIMIT 1 3 GET n_*`,
    ]);
}

const gets = patterns.flatMap((pattern) => [
  `SORT list GET ${pattern}`,
  `SORT list LIMIT 1 2 DESC GET # GET ${pattern} GET n_*`,
  `SORT names ALPHA GET ${pattern}`,
]);

const stores = [
  "SORT list STORE to",
  "LRANGE to 0 -1",
  "TYPE to",
  "SORT list DESC LIMIT 0 3 STORE list",
  "LRANGE list 0 -1",
  "SORT names ALPHA STORE text",
  "LRANGE text 0 -1",
  "SORT names BY nosort STORE to",
  "LRANGE to 0 -1",
  "SORT names BY nosort DESC STORE to",
  "LRANGE to 0 -1",
  "SORT names BY nosort LIMIT 1 2 GET weight_* STORE to",
  "LRANGE to 0 -1",
  "SORT set BY w_* GET # GET n_* GET h_*->name STORE to",
  "LRANGE to 0 -1",
  "SORT board BY nosort DESC STORE board2",
  "LRANGE board2 0 -1",
  "SORT missing STORE to",
  "EXISTS to",
  "SORT missing STORE to",
  "SORT list LIMIT 100 1 STORE text",
  "EXISTS text",
  "PEXPIREAT list 99999999999999",
  "SORT set STORE list",
  "PTTL list",
  "SORT hash STORE set",
  "SORT words STORE set",
  "TYPE set",
  "SORT set STORE a STORE b",
  "EXISTS a b",
  "SORT set BY w_* GET set GET w_* STORE w_1",
  "LRANGE w_1 0 -1",
];

const errors = [
  "SORT",
  "SORT text",
  "SORT hash",
  "SORT text nonsense",
  "SORT list nonsense",
  "SORT list LIMIT",
  "SORT list LIMIT 1",
  "SORT list LIMIT x 1",
  "SORT list LIMIT 1 x",
  "SORT list LIMIT x 1 nonsense",
  "SORT list BY",
  "SORT list GET",
  "SORT list STORE",
  "SORT words",
  "SORT words STORE to",
  "SORT words BY weight_*",
  "SORT names BY weight_*",
  "SORT names BY weight_* STORE to",
  "EXISTS to",
  "SORT words LIMIT 50 1",
  "SORT words LIMIT 0 0",
  "SORT words BY nosort LIMIT 50 1",
  "SORT missing",
  "SORT missing nonsense",
  "SORT missing GET # BY x LIMIT 0 1",
  "SORT_RO list STORE to",
  "SORT_RO text",
  "SORT_RO",
  "SORT blanks",
  "SORT leading",
  "SORT leading DESC",
  "SORT huge",
  "SORT tiny",
  "SORT odd",
  "SORT odd ALPHA",
  "COMMAND GETKEYS SORT list BY w_* GET n_* STORE to",
  "COMMAND GETKEYS SORT list STORE a STORE b",
  "COMMAND GETKEYS SORT list LIMIT 0 1 GET STORE STORE to",
  "COMMAND GETKEYS SORT_RO list BY w_*",
  "COMMAND GETKEYSANDFLAGS SORT list STORE to",
];

const many = Array.from({ length: 700 }, (_, index) => String((index * 7919) % 1009));

export const scripts: Script[] = [
  {
    name: "sort: values",
    commands: [...prepare, ...["list", "words", "set", "names", "numbers"].flatMap(sorts)],
  },
  {
    name: "sort: sorted sets",
    commands: [...prepare, ...sorts("board").filter((line) => line.includes("ALPHA"))],
  },
  {
    name: "sort: the order of the value",
    commands: [...prepare, ...["list", "board", "numbers", "words"].flatMap(natives)],
  },
  {
    name: "sort: by other keys",
    commands: [...prepare, ...["list", "set", "numbers"].flatMap(byPatterns)],
  },
  {
    name: "sort: by words of other keys",
    commands: [
      ...prepare,
      "SORT set BY n_* ALPHA LIMIT 1 10",
      "SORT names BY name_* ALPHA DESC LIMIT 0 3",
      "SORT set BY h_*->name ALPHA DESC LIMIT 0 3 GET h_*->name",
    ],
  },
  { name: "sort: what is read", commands: [...prepare, ...gets] },
  { name: "sort: what is stored", commands: [...prepare, ...stores] },
  { name: "sort: errors", commands: [...prepare, ...errors] },
  {
    name: "sort: many",
    commands: [
      ["RPUSH", "many", ...many],
      ["SADD", "some", ...many],
      ["ZADD", "scored", ...many.flatMap((text, index) => [String(index), text])],
      "SORT many",
      "SORT many DESC LIMIT 100 50",
      "SORT many ALPHA",
      "SORT some ALPHA DESC",
      "SORT scored LIMIT 5 100",
      "SORT scored BY nosort DESC LIMIT 5 100",
      "SORT many BY nosort DESC LIMIT 5 100",
      "SORT many STORE to",
      "LRANGE to 0 -1",
      "OBJECT ENCODING to",
    ],
  },
];
