/**
 * INFO: which sections are asked for, and their frame.
 *
 * Without arguments, or with "default", the sections that cost little; "all" adds the counters per
 * command; "everything" is the same here, since only modules could add to it. A name that is none
 * adds nothing. Sections come in their own order, each once, whatever the order of the names.
 */

import { scratchMark, scratchRelease } from "../memory/scratch";
import { Call } from "../server/call";
import { command } from "../server/table";
import { settleTiming } from "../server/timing";
import { TextBuilder, builderText } from "../text/builder";
import { addPersistence } from "./info-persistence";
import {
  addClients, addMemory, addProcessor, addReplication, addServer,
} from "./info-sections";
import {
  addCommands, addErrors, addKeyspace, addLatencies, addStatistics,
} from "./info-statistics";
import { constantLines, endLine } from "./info-text";
import { newText, replyText } from "./text-reply";

const enum Section {
  SERVER = 1,
  CLIENTS = 2,
  MEMORY = 4,
  PERSISTENCE = 8,
  STATISTICS = 16,
  REPLICATION = 32,
  PROCESSOR = 64,
  MODULES = 128,
  COMMANDS = 256,
  ERRORS = 512,
  LATENCIES = 1024,
  CLUSTER = 2048,
  KEYSPACE = 4096,
  ALL = 8191,
}

const DEFAULT: u32 = Section.ALL & ~(Section.COMMANDS | Section.LATENCIES);

/** Sections that argument `index` names, 0 when it names none. */
function sectionsOf(call: Call, index: i32): u32 {
  if (call.is(index, "default")) return DEFAULT;
  if (call.is(index, "all") || call.is(index, "everything")) return Section.ALL;
  if (call.is(index, "server")) return Section.SERVER;
  if (call.is(index, "clients")) return Section.CLIENTS;
  if (call.is(index, "memory")) return Section.MEMORY;
  if (call.is(index, "persistence")) return Section.PERSISTENCE;
  if (call.is(index, "stats")) return Section.STATISTICS;
  if (call.is(index, "replication")) return Section.REPLICATION;
  if (call.is(index, "cpu")) return Section.PROCESSOR;
  if (call.is(index, "modules") || call.is(index, "module_list")) return Section.MODULES;
  if (call.is(index, "commandstats")) return Section.COMMANDS;
  if (call.is(index, "errorstats")) return Section.ERRORS;
  if (call.is(index, "latencystats")) return Section.LATENCIES;
  if (call.is(index, "cluster")) return Section.CLUSTER;
  return call.is(index, "keyspace") ? Section.KEYSPACE : 0;
}

/** Heads a section that is wanted; a blank line separates it from the one before. */
function opens(out: TextBuilder, wanted: u32, section: Section, title: string): bool {
  if (!(wanted & section)) return false;
  if (out.bytes) endLine(out);
  builderText(out, "# ");
  builderText(out, title);
  endLine(out);
  return true;
}

function addSections(out: TextBuilder, wanted: u32): void {
  if (opens(out, wanted, Section.SERVER, "Server")) addServer(out);
  if (opens(out, wanted, Section.CLIENTS, "Clients")) addClients(out);
  if (opens(out, wanted, Section.MEMORY, "Memory")) addMemory(out);
  if (opens(out, wanted, Section.PERSISTENCE, "Persistence")) addPersistence(out);
  if (opens(out, wanted, Section.STATISTICS, "Stats")) addStatistics(out);
  if (opens(out, wanted, Section.REPLICATION, "Replication")) addReplication(out);
  if (opens(out, wanted, Section.PROCESSOR, "CPU")) addProcessor(out);
  opens(out, wanted, Section.MODULES, "Modules");
  if (opens(out, wanted, Section.COMMANDS, "Commandstats")) addCommands(out);
  if (opens(out, wanted, Section.ERRORS, "Errorstats")) addErrors(out);
  if (opens(out, wanted, Section.LATENCIES, "Latencystats")) addLatencies(out);
  if (opens(out, wanted, Section.CLUSTER, "Cluster")) constantLines(out, "cluster_enabled:0\n");
  if (opens(out, wanted, Section.KEYSPACE, "Keyspace")) addKeyspace(out);
}

function info(call: Call): void {
  let wanted: u32 = call.argumentCount == 1 ? DEFAULT : 0;
  for (let index = 1; index < call.argumentCount; index++) wanted |= sectionsOf(call, index);
  settleTiming();
  const mark = scratchMark();
  const out = newText();
  addSections(out, wanted);
  replyText(out);
  scratchRelease(mark);
}

export function registerInfo(): void {
  command(info.index, "info", "server", "1.0.0", -1, "loading stale", "dangerous", "",
    "section:string?*",
    "nondeterministic_output request_policy:all_shards response_policy:special",
    "O(1)", "Tells facts and counters about the server.");
}
