/**
 * The log: lines as redis-server writes them, to stdout or to a file. The file is opened for each
 * line, so that a rotated log goes on in the new file.
 */
import { appendFileSync } from "node:fs";
import { reasonOf } from "./directives.js";

export enum LogLevel {
  DEBUG = 0,
  VERBOSE = 1,
  NOTICE = 2,
  WARNING = 3,
}

const MARKS = ".-*#";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export class Log {
  /** Lines below this level are left out. */
  level: LogLevel = LogLevel.NOTICE;
  #file = "";
  #held: string[] | undefined = [];
  readonly #print: (line: string) => void;

  /** Lines are held back until `release`, so that the first line of stdout can be another one. */
  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  write(level: number, text: string): void {
    if (level < this.level) return;
    const line = formatLine(level, text);
    if (this.#file !== "") appendLine(this.#file, line);
    else if (this.#held !== undefined) this.#held.push(line);
    else this.#print(line);
  }

  notice(text: string): void {
    this.write(LogLevel.NOTICE, text);
  }

  warning(text: string): void {
    this.write(LogLevel.WARNING, text);
  }

  /** Writes to this file from now on; throws when it cannot be opened. Empty: to stdout. */
  useFile(path: string): void {
    try {
      if (path !== "") appendFileSync(path, this.#held?.join("") ?? "");
    } catch (cause) {
      throw new Error(`Can't open the log file '${path}': ${reasonOf(cause)}`);
    }
    this.#file = path;
    if (path !== "" && this.#held !== undefined) this.#held = [];
  }

  useLevel(name: string): void {
    const level = LogLevel[name.toUpperCase() as keyof typeof LogLevel];
    this.level = level ?? (name === "nothing" ? LogLevel.WARNING + 1 : this.level);
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const line of held) this.#print(line);
  }
}

/** A log that cannot be written (a full disk) is no reason to stop serving. */
function appendLine(path: string, line: string): void {
  try {
    appendFileSync(path, line);
  } catch {
    process.stderr.write(line);
  }
}

/** "1234:M 23 Nov 2026 08:37:59.123 * text" */
function formatLine(level: number, text: string): string {
  const now = new Date();
  const day = `${two(now.getDate())} ${MONTHS[now.getMonth()]} ${now.getFullYear()}`;
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  const millisecond = `${now.getMilliseconds()}`.padStart(3, "0");
  return `${process.pid}:M ${day} ${time}.${millisecond} ${MARKS[level] ?? "*"} ${text}\n`;
}

function two(value: number): string {
  return `${value}`.padStart(2, "0");
}
