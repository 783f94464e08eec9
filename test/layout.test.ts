/**
 * The layouts of DATA have a version. What defines them in the sources (fields of records, members
 * of enums, sizes, the hash function) is digested, and the digest of each version is recorded here:
 * a change means that images written before may be read wrongly.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { describe, expect, it } from "vitest";
import { LAYOUT_VERSION } from "../assembly/abi";
import { filesUnder } from "../build/files.mjs";
import { inRoot, root } from "../build/paths.mjs";

/** Digests by layout version. */
const RECORDED: Record<number, string> = {
  2: "cdee61627dd7ccafff088613792fa59a",
};

/** Folders whose records may lie in DATA. */
const FOLDERS = ["memory", "structures", "values", "keyspace"];
/** What places keys in tables, and blocks in pages: every line of code counts. */
const WHOLE = ["assembly/memory/siphash.ts", "assembly/memory/size-classes.ts"];
const COMMENT = /^ *(\/\/|\/\*\*|\*|\*\/)/;
/** A field, a member with a number, or a constant that says how large or where something is. */
const FIELD = /^ {2}(readonly )?\w+: \w+;$/;
const MEMBER = /^ {2}[A-Z]\w* = [^,]+,$/;
const SIZE = /^(export )?const [A-Z_]*(BYTES|BITS|MAGIC|LANES|SLOTS|ENTRIES|CLASSES)\b[^=]*=.*;$/;

function layoutLines(): string[] {
  return FOLDERS.flatMap((folder) =>
    filesUnder(inRoot("assembly", folder))
      .filter((path) => path.endsWith(".ts"))
      .sort()
      .flatMap((path) => {
        const name = relative(root, path).replaceAll("\\", "/");
        const lines = readFileSync(path, "utf8").split("\n");
        const kept = lines.filter((line) =>
          WHOLE.includes(name)
            ? !COMMENT.test(line)
            : [FIELD, MEMBER, SIZE].some((form) => form.test(line)),
        );
        return kept.map((line) => `${name} ${line.trim()}`);
      }),
  );
}

describe("the layout of DATA", () => {
  it("is the one that its version stands for", () => {
    const lines = layoutLines();
    expect(lines.length).toBeGreaterThan(100);
    const digest = createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 32);
    const advice =
      "what defines the layouts of DATA has changed. If bytes that an image holds mean something " +
      "else now, raise LAYOUT_VERSION in assembly/abi.ts; then record this digest for it: ";
    expect(digest, advice + digest).toBe(RECORDED[LAYOUT_VERSION]);
  });
});
