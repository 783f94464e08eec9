/** Completion and hints for the interactive client, from the server's own COMMAND DOCS. */
import { Aggregate, type RawReply, Status } from "../shared/protocol/resp.js";

export interface CommandHelp {
  /** In upper case; a subcommand with its container: "CONFIG GET". */
  name: string;
  summary: string;
  since: string;
  group: string;
  /** "key value [NX|XX]" */
  syntax: string;
  /** The same, argument by argument, for the hint. */
  pieces: string[];
}

/** Pairs of a map, which RESP2 sends as a flat array. */
function entriesOf(reply: RawReply | undefined): [string, RawReply][] {
  const items = reply instanceof Aggregate ? reply.items : Array.isArray(reply) ? reply : [];
  const entries: [string, RawReply][] = [];
  for (let i = 0; i + 1 < items.length; i += 2) {
    entries.push([textOf(items[i]), items[i + 1] as RawReply]);
  }
  return entries;
}

function textOf(reply: RawReply | undefined): string {
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString("utf8");
  return reply instanceof Status ? reply.text : "";
}

function itemsOf(reply: RawReply | undefined): RawReply[] {
  if (reply instanceof Aggregate) return reply.items;
  return Array.isArray(reply) ? reply : [];
}

/** Reads the reply of COMMAND DOCS. */
export function readCommandDocs(reply: RawReply): CommandHelp[] {
  return entriesOf(reply).flatMap(([name, facts]) => readCommand(name, facts));
}

function readCommand(name: string, reply: RawReply): CommandHelp[] {
  const facts = new Map(entriesOf(reply));
  const pieces = itemsOf(facts.get("arguments")).map(renderArgument);
  const own: CommandHelp = {
    name: name.replace("|", " ").toUpperCase(),
    summary: textOf(facts.get("summary")),
    since: textOf(facts.get("since")),
    group: textOf(facts.get("group")),
    syntax: pieces.join(" "),
    pieces,
  };
  const inner = entriesOf(facts.get("subcommands"));
  return [own, ...inner.flatMap(([sub, subFacts]) => readCommand(sub, subFacts))];
}

/** One argument in the notation of the command pages. */
function renderArgument(reply: RawReply): string {
  const facts = new Map(entriesOf(reply));
  const type = textOf(facts.get("type"));
  const flags = itemsOf(facts.get("flags")).map(textOf);
  const token = textOf(facts.get("token"));
  const inner = itemsOf(facts.get("arguments")).map(renderArgument);
  let text = textOf(facts.get("display_text")) || textOf(facts.get("name"));
  if (type === "oneof") text = inner.join("|");
  else if (type === "block") text = inner.join(" ");
  else if (type === "pure-token") text = "";
  if (type === "oneof" && !flags.includes("optional")) text = `<${text}>`;
  const shown = token === "" ? '""' : token;
  const hasToken = facts.has("token");
  const whole = hasToken ? (text === "" ? shown : `${shown} ${text}`) : text;
  let result = whole;
  if (flags.includes("multiple")) {
    const repeated = flags.includes("multiple_token") ? whole : text;
    result = `${whole} [${repeated} ...]`;
  }
  return flags.includes("optional") ? `[${result}]` : result;
}

export class CommandIndex {
  readonly #commands = new Map<string, CommandHelp>();

  get isEmpty(): boolean {
    return this.#commands.size === 0;
  }

  add(commands: readonly CommandHelp[]): void {
    for (const command of commands) this.#commands.set(command.name, command);
  }

  /** The command that the words start with: a subcommand when there is one. */
  find(words: readonly string[]): { help: CommandHelp; words: number } | undefined {
    const one = (words[0] ?? "").toUpperCase();
    const two = `${one} ${(words[1] ?? "").toUpperCase()}`;
    const inner = words.length > 1 ? this.#commands.get(two) : undefined;
    if (inner !== undefined) return { help: inner, words: 2 };
    const outer = this.#commands.get(one);
    return outer && { help: outer, words: 1 };
  }

  /** Names that begin as the line does; the only one comes with the space behind it. */
  complete(line: string): string[] {
    const start = line.trimStart().toUpperCase();
    if (start === "") return [];
    const found = [...this.#commands.keys()].filter((name) => name.startsWith(start));
    const isUpper = line === line.toUpperCase();
    const end = found.length === 1 ? " " : "";
    return found.sort().map((name) => (isUpper ? name : name.toLowerCase()) + end);
  }

  /** What may follow the line; empty when that is not known. */
  hint(line: string): string {
    const words = line.split(/\s+/).filter((word) => word !== "");
    const found = this.find(words);
    if (found === undefined) return "";
    const given = words.length - found.words;
    const rest = found.help.pieces.slice(given).join(" ");
    return rest === "" ? "" : line.endsWith(" ") ? rest : ` ${rest}`;
  }

  help(words: readonly string[]): string {
    const found = this.find(words);
    if (found === undefined) return "";
    const { name, syntax, summary, since, group } = found.help;
    return `\n  ${name} ${syntax}\n  summary: ${summary}\n  since: ${since}\n  group: ${group}\n\n`;
  }
}
