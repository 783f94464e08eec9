/** The interactive client: a prompt with history, completion and hints. */
import { appendFileSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { ReplyError } from "../shared/protocol/resp.js";
import type { CliClient } from "./cli-client.js";
import { ConnectionError } from "./cli-connection.js";
import { CommandIndex, readCommandDocs } from "./cli-hints.js";
import { splitArguments } from "./quoting.js";

const HISTORY_LINES = 500;
/** Lines that hold a secret are not written down. */
const SECRET = /^\s*(auth|hello|config\s+set\s+(requirepass|masterauth)|acl\s+setuser)\b/i;
const DIM = "\x1b[90m";
const PLAIN = "\x1b[0m";
const CLEAR_RIGHT = "\x1b[K";

export async function runInteractive(client: CliClient): Promise<number> {
  const index = new CommandIndex();
  await loadIndex(client, index);
  const historyFile = join(homedir(), ".quire_history");
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: client.prompt(),
    history: readHistory(historyFile),
    historySize: HISTORY_LINES,
    completer: (line: string) => [index.complete(line), line],
  });
  showHints(lines, index);
  lines.prompt();
  for await (const line of lines) {
    if (line.trim() !== "") writeHistory(historyFile, line);
    if (!(await runLine(client, index, line))) break;
    if (index.isEmpty && client.isConnected) await loadIndex(client, index);
    lines.setPrompt(client.prompt());
    lines.prompt();
  }
  lines.close();
  return 0;
}

/** Without a connection or a table the prompt works without hints. */
async function loadIndex(client: CliClient, index: CommandIndex): Promise<void> {
  try {
    const reply = await client.request(["COMMAND", "DOCS"]);
    if (!(reply instanceof ReplyError)) index.add(readCommandDocs(reply));
  } catch (cause) {
    if (!(cause instanceof ConnectionError)) throw cause;
    process.stderr.write(`${cause.message}\n`);
  }
}

/** Runs one line; false ends the client. */
async function runLine(client: CliClient, index: CommandIndex, line: string): Promise<boolean> {
  const words = splitArguments(Buffer.from(line, "utf8").toString("latin1"));
  if (words === undefined) {
    process.stdout.write("Invalid argument(s)\n");
    return true;
  }
  const [name = ""] = words;
  switch (name.toLowerCase()) {
    case "":
      return true;
    case "quit":
    case "exit":
      return false;
    case "clear":
      process.stdout.write("\x1b[H\x1b[2J");
      return true;
    case "help":
      process.stdout.write(index.help(words.slice(1)) || "help <command>\n");
      return true;
    default:
      await client.runAndPrint(words);
      return true;
  }
}

/** Shows in grey what may follow, behind the cursor. */
function showHints(lines: Interface, index: CommandIndex): void {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return;
  stdin.prependListener("keypress", () => stdout.write(CLEAR_RIGHT));
  stdin.on("keypress", (_text: string, key: { name?: string } | undefined) => {
    if (key?.name === "return" || key?.name === "enter") return;
    if (lines.line === "" || lines.cursor !== lines.line.length) return;
    const column = lines.getCursorPos().cols;
    const hint = index.hint(lines.line).slice(0, Math.max(0, stdout.columns - column - 1));
    if (hint !== "") stdout.write(`${CLEAR_RIGHT}${DIM}${hint}${PLAIN}\x1b[${hint.length}D`);
  });
}

function readHistory(path: string): string[] {
  try {
    const lines = readFileSync(path, "utf8").split("\n");
    return lines
      .filter((line) => line !== "")
      .reverse()
      .slice(0, HISTORY_LINES);
  } catch {
    return [];
  }
}

function writeHistory(path: string, line: string): void {
  if (SECRET.test(line)) return;
  try {
    appendFileSync(path, `${line}\n`, { mode: 0o600 });
  } catch {
    // a home that cannot be written: no history
  }
}
