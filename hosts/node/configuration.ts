/**
 * Gives a configuration to the engine: it checks every directive, so that there is one table of
 * names. What the host must know before there is an engine (databases, memory) is read here.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { SMALLEST_MEMORY_BYTES } from "../shared/engine.js";
import type { Run } from "../shared/internal.js";
import { ReplyError, Status } from "../shared/protocol/resp.js";
import { readAclFile } from "./acl-file.js";
import {
  ConfigurationError,
  type Directive,
  fromLatin1,
  parseConfiguration,
} from "./directives.js";
import { isPortName, type PortName } from "./endpoints.js";

export type { Run };

export interface Plan {
  directives: Directive[];
  databases: number;
  memoryBytes: number | undefined;
  /** Take free ports for these. */
  automatic: Set<PortName>;
  /** Keep nothing on disk. */
  memoryOnly: boolean;
}

/** Directives that limit access or bring in data, and have no effect yet: the start must stop. */
const NOT_BUILT: Record<string, string> = {
  loadmodule: "modules are not supported",
  sentinel: "sentinel is not supported",
  replicaof: "replication is not built yet",
  slaveof: "replication is not built yet",
};

const UNITS: Record<string, number> = {
  "": 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
};

export function readConfigurationFile(path: string, version: string): Directive[] {
  return parseConfiguration(readFileSync(path, "latin1"), path, version);
}

/** "512mb" in bytes; undefined when it is no amount of memory. */
export function parseMemory(text: string): number | undefined {
  const match = /^(\d+)([a-z]*)$/i.exec(text);
  const unit = UNITS[match?.[2]?.toLowerCase() ?? "none"];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** Sorts out what the host needs first, and stops at what is not built. */
export function planConfiguration(directives: readonly Directive[], version: string): Plan {
  const plan: Plan = {
    directives: [],
    databases: 16,
    memoryBytes: undefined,
    automatic: new Set(),
    memoryOnly: false,
  };
  for (const directive of directives) {
    const [value = ""] = directive.values;
    refuseNotBuilt(directive, version);
    if (directive.name === "engine-memory") {
      plan.memoryBytes = readMemory(directive, version);
    } else if (directive.name === "memory") {
      plan.memoryOnly = true;
    } else if (isPortName(directive.name) && value === "auto") {
      plan.automatic.add(directive.name);
    } else {
      if (isPortName(directive.name)) plan.automatic.delete(directive.name);
      if (directive.name === "databases" && /^[1-9]\d{0,8}$/.test(value)) {
        plan.databases = Number(value);
      }
      plan.directives.push(directive);
    }
  }
  plan.directives = mergeSave(plan.directives);
  if (plan.memoryOnly) plan.directives = plan.directives.filter((each) => !isKeeping(each.name));
  return plan;
}

/** Directives that mean nothing to a server that keeps nothing. */
function isKeeping(name: string): boolean {
  return name === "appendonly" || name === "save";
}

function readMemory(directive: Directive, version: string): number {
  const bytes =
    directive.values.length === 1 ? parseMemory(directive.values[0] as string) : undefined;
  if (bytes === undefined) {
    throw new ConfigurationError(directive.origin, "argument must be a memory value", version);
  }
  if (bytes < SMALLEST_MEMORY_BYTES) {
    const reason = `engine-memory must be at least ${SMALLEST_MEMORY_BYTES / 1024 ** 2}mb`;
    throw new ConfigurationError(directive.origin, reason, version);
  }
  return bytes;
}

function refuseNotBuilt(directive: Directive, version: string): void {
  const { name, values, origin } = directive;
  const isReplica = name === "replicaof" || name === "slaveof";
  if (isReplica && values.join(" ").toLowerCase() === "no one") return;
  const reason = NOT_BUILT[name];
  if (reason !== undefined) throw new ConfigurationError(origin, reason, version);
}

/** Several `save` lines are one list of points; an empty one forgets those before it. */
function mergeSave(directives: Directive[]): Directive[] {
  let merged: Directive | undefined;
  const rest = directives.filter((directive) => {
    if (directive.name !== "save" || directive.values.length === 0) return true;
    const isEmpty = directive.values.length === 1 && directive.values[0] === "";
    const before = isEmpty || merged?.values[0] === "" ? [] : (merged?.values ?? []);
    merged = { ...directive, values: [...before, ...directive.values] };
    return false;
  });
  return merged === undefined ? rest : [...rest, merged];
}

/** Applies the directives; answers the names that have no effect. */
export function applyConfiguration(plan: Plan, run: Run, version: string): string[] {
  const unused = new Set<string>();
  const places = (each: Directive) => LATER.indexOf(each.name);
  const ordered = [...plan.directives].sort((one, two) => places(one) - places(two));
  for (const directive of ordered) {
    const reply = run([...commandOf(directive, version), ...directive.values.map(toBytes)]);
    if (reply instanceof ReplyError) {
      throw new ConfigurationError(directive.origin, reply.message.replace(/^ERR /, ""), version);
    }
    if (reply instanceof Status && reply.text === "UNUSED") unused.add(directive.name);
  }
  loadAclFile(plan, run, version);
  tellPlace(run);
  return [...unused];
}

/** The data directory goes by its full path, as with redis-server, which works in it. */
function tellPlace(run: Run): void {
  const [[, directory] = []] = readParameters(["dir"], run);
  if (directory !== undefined) run(["QUIRE", "CONFIGURE", "dir", resolve(directory)]);
}

/** " (quire.conf, line 3)": where a parameter was set; empty when it stood in no file. */
export function placeOf(name: string, directives: readonly Directive[]): string {
  const { origin } = directives.findLast((each) => each.name === name) ?? {};
  return origin?.file === undefined ? "" : ` (${origin.file}, line ${origin.line})`;
}

/** What comes after the parameters, because it builds on them. */
const LATER = ["user", "rename-command"];

const toBytes = (value: string) => Buffer.from(value, "latin1");

/** The command that takes a directive; its values follow. */
function commandOf(directive: Directive, version: string): string[] {
  const { name, values, origin } = directive;
  const refuse = () => {
    throw new ConfigurationError(origin, "wrong number of arguments", version);
  };
  if (name === "user") return values.length < 1 ? refuse() : ["QUIRE", "USER"];
  if (name === "rename-command") return values.length !== 2 ? refuse() : ["QUIRE", "RENAME"];
  return ["QUIRE", "CONFIGURE", name];
}

/** The users of `aclfile`, which excludes `user` lines. */
function loadAclFile(plan: Plan, run: Run, version: string): void {
  const directive = plan.directives.findLast((each) => each.name === "aclfile");
  const path = directive?.values[0] ?? "";
  if (directive === undefined || path === "") return;
  const user = plan.directives.find((each) => each.name === "user");
  if (user !== undefined) {
    const reason = "users stand either in the aclfile or in user lines, not in both";
    throw new ConfigurationError(user.origin, reason, version);
  }
  const reason = readAclFile(fromLatin1(path), run);
  if (reason !== undefined) throw new ConfigurationError(directive.origin, reason, version);
}

/** Values of parameters, by CONFIG GET. */
export function readParameters(names: readonly string[], run: Run): [string, string][] {
  const reply = run(["CONFIG", "GET", ...names]);
  const pairs: [string, string][] = [];
  if (!Array.isArray(reply)) return pairs;
  const texts = reply.map((part) => (part instanceof Uint8Array ? `${Buffer.from(part)}` : ""));
  for (let i = 0; i + 1 < texts.length; i += 2) {
    pairs.push([texts[i] as string, texts[i + 1] as string]);
  }
  return pairs;
}
