/** `--import FILE` and `--export FILE`: what they say on the command line. */
import type { Arguments } from "./arguments.js";
import type { Directive } from "./directives.js";
import { fromLatin1 } from "./directives.js";

export interface Transfer {
  /** The file that is brought into the data directory. */
  importFrom: string | undefined;
  /** The file that the data directory is written to. */
  exportTo: string | undefined;
  /** What is in the directory already is replaced. */
  force: boolean;
}

/** Words that need a file behind them, and those that stand alone. */
const WITH_FILE = ["import", "export"];
const ALONE = ["force", "import-skip"];

/**
 * Takes the words of a transfer out of the command line; undefined: it is none. `import-skip` holds
 * for what is imported at a start, too. Throws when something does not fit.
 */
export function takeTransfer(given: Arguments): {
  transfer: Transfer | undefined;
  skipUnknown: boolean;
} {
  const own = new Map<string, Directive>();
  given.directives = given.directives.filter((directive) => {
    const isOwn = WITH_FILE.includes(directive.name) || ALONE.includes(directive.name);
    if (isOwn) own.set(directive.name, directive);
    return !isOwn;
  });
  for (const { name, values } of own.values()) {
    const wanted = WITH_FILE.includes(name) ? 1 : 0;
    if (values.length === wanted) continue;
    throw new Error(wanted === 1 ? `--${name} needs a file` : `--${name} takes no value`);
  }
  const importFrom = fileOf(own.get("import"));
  const exportTo = fileOf(own.get("export"));
  const force = own.has("force");
  const skipUnknown = own.has("import-skip");
  if (importFrom !== undefined && exportTo !== undefined) {
    throw new Error("--import and --export are two steps: give one of them");
  }
  if (force && importFrom === undefined) throw new Error("--force belongs to --import");
  const isTransfer = importFrom !== undefined || exportTo !== undefined;
  return { transfer: isTransfer ? { importFrom, exportTo, force } : undefined, skipUnknown };
}

function fileOf(directive: Directive | undefined): string | undefined {
  const [file] = directive?.values ?? [];
  return file === undefined ? undefined : fromLatin1(file);
}
