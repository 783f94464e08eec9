// Random lists of ACL rules from a seed: all kinds, now and then one that is refused.
import { randomNumbers } from "./workload";

const COMMANDS = [
  ...[
    "get",
    "set",
    "mget",
    "del",
    "copy",
    "sort",
    "lpush",
    "hset",
    "hgetall",
    "zadd",
    "zunionstore",
  ],
  ...["ping", "select", "config", "client", "object", "memory", "acl", "publish", "subscribe"],
  ...["config|get", "config|set", "client|id", "client|kill", "object|freq", "acl|whoami"],
  ...["bitfield", "append", "rename", "georadius", "exists", "type", "incr", "getdel", "sadd"],
];
const CATEGORIES = [
  ...["keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap"],
  ...["hyperloglog", "geo", "pubsub", "admin", "fast", "slow", "blocking", "dangerous"],
  ...["connection", "transaction", "all"],
];
const WRONG = [
  ...["+nope", "-config|nope", "+@nope", "%X~a", "~a b", "foo", "<nope", "!nope", "#12", "+get|"],
  ...["(on)", "(+get", "(+nope)", "+config|get|x", "-get|x", "%~a", "&a b", ")"],
];

export class RandomRules {
  readonly random: (limit: number) => number;

  /** `patterns` are those of keys. */
  constructor(
    seed: number,
    readonly patterns: readonly string[],
  ) {
    this.random = randomNumbers(seed);
  }

  of<T>(list: readonly T[]): T {
    return list[this.random(list.length)]!;
  }

  /** A whole list; one in so many has something wrong in it. */
  list(): string[] {
    const rules = Array.from({ length: 1 + this.random(8) }, () => this.rule());
    if (this.random(12) === 0) rules.splice(this.random(rules.length + 1), 0, this.of(WRONG));
    return rules;
  }

  rule(): string {
    if (this.random(7) === 0) return `(${this.selector().join(" ")})`;
    return this.random(5) === 0 ? this.ofUser() : this.ofSelector();
  }

  selector(): string[] {
    return Array.from({ length: this.random(5) }, () => this.ofSelector());
  }

  ofUser(): string {
    const words = ["on", "off", "nopass", "resetpass", "reset", "clearselectors", "ON", "NoPass"];
    const password = `${this.of([">", "<"])}p${this.random(3)}`;
    return this.of([...words, "sanitize-payload", "skip-sanitize-payload", password, password]);
  }

  ofSelector(): string {
    switch (this.random(8)) {
      case 0:
        // %RW~* is shown as ~*, which as a rule says more: it is left out.
        return this.of(["allkeys", "resetkeys", "~*", "%R~*", "allchannels", "&*"]);
      case 1:
        return this.of(["resetchannels", "nocommands", "allcommands", "-@all", "+@all"]);
      case 2:
        return `${this.of(["&", "&", "&"])}${this.of(["c", "d*", "key:*", "__key*"])}`;
      case 3:
      case 4:
        return `${this.of(["~", "~", "%R~", "%W~", "%RW~", "%w~"])}${this.of(this.patterns)}`;
      case 5:
        return `${this.of(["+", "-"])}@${this.of(CATEGORIES)}`;
      case 6:
        return this.of([
          "+select|0",
          "+SELECT|1",
          "+get|key:1",
          "+set|key:2",
          "-select",
          "+Config",
        ]);
      default:
        return `${this.of(["+", "+", "-"])}${this.of(COMMANDS)}`;
    }
  }
}
