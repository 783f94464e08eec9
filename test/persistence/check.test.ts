// `quiredb check`: what it says of each kind of file, whole, torn and damaged.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCheck } from "../../hosts/node/check";
import { renderHeader, renderMark, startChecksum } from "../../hosts/shared/persistence/log-format";
import { parseManifest, renderManifest } from "../../hosts/shared/persistence/manifest";
import { encode } from "../support/engine";
import { eightBytes, rdbFile } from "../support/rdb";

let folder: string;
let output: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quire-check-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, ...parts: (Uint8Array | string)[]): string {
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat(parts.map((part) => Buffer.from(part))));
  return path;
}

async function check(...args: string[]): Promise<number> {
  output = "";
  const code = await runCheck(args, (line) => {
    output += line;
  });
  output = output.replaceAll(`${folder}/`, "");
  return code;
}

const HISTORY = "0123456789abcdef0123456789abcdef";
const SALT = "0011223344556677";

/** A segment with these batches behind the first mark. */
function segment(start: number, ...batches: Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [renderHeader(HISTORY, SALT)];
  let position = start;
  parts.push(renderMark(startChecksum(SALT), position, 0));
  for (const batch of batches) {
    position += batch.length;
    parts.push(batch, renderMark(startChecksum(SALT).update(batch), position, 0));
  }
  return Buffer.concat(parts);
}

const BATCH = encode(["SET", "a", "1"]);

describe("quiredb check", () => {
  it("explains itself", async () => {
    expect(await check()).toBe(1);
    expect(output).toMatch(/^Usage: quiredb check/);
    expect(await check("--help")).toBe(0);
    expect(await check("--what", "x")).toBe(1);
    expect(output).toContain("--what: no such option");
  });

  it("names what cannot be read, and goes on with the next file", async () => {
    const whole = write("x.rdb", rdbFile("REDIS0011", [0, "a", "1"]));
    const foreign = write("photo", "JFIF");
    expect(await check(join(folder, "nothing"), folder, foreign, whole)).toBe(1);
    const lines = output.trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[0]).toBe("nothing: no such file or directory");
    expect(lines[2]).toBe("photo: it is none of the files that are known");
    expect(lines[3]).toContain("x.rdb: RDB version 11 of Redis, 1 keys");
  });

  it("tells what an RDB file holds", async () => {
    const aux = [250, "redis-ver", "7.0.15", 245, "#!lua"];
    const keys = [252, eightBytes(1e12), 0, "a", "1", 254, 3, 15, "s", 0, 0, 0, 0, 0];
    const path = write("x.rdb", rdbFile("REDIS0010", [...aux, ...keys]));
    expect(await check(path)).toBe(0);
    expect(output).toBe(
      "x.rdb: RDB version 10 of Redis 7.0.15, 2 keys in 2 databases, 1 of them expire, " +
        "1 libraries of functions, 1 keys of type 15 (stream), not known here, " +
        "the checksum fits: whole\n",
    );
  });

  it("says where an RDB file is damaged", async () => {
    const file = rdbFile("REDIS0010", [0, "abc", "1"]);
    expect(await check(write("cut.rdb", file.subarray(0, 12)))).toBe(1);
    expect(output).toMatch(/^cut\.rdb, byte 11: the file ends here too early/);
    file[12] = 65;
    expect(await check(write("flipped.rdb", file))).toBe(1);
    expect(output).toBe("flipped.rdb, byte 17: the checksum does not fit: the file is damaged\n");
    expect(await check(write("more.rdb", rdbFile("REDIS0010", []), "more"))).toBe(1);
    expect(output).toBe("more.rdb, byte 18: 4 bytes stand behind its end\n");
  });

  it("cuts the torn end off an append-only file of Redis", async () => {
    const whole = Buffer.concat([rdbFile("REDIS0010", [0, "a", "1"]), BATCH]);
    const path = write("appendonly.aof", whole, encode(["MULTI"]), BATCH);
    write("appendonly.aof.manifest", "file appendonly.aof seq 1 type b\n");
    expect(await check(path)).toBe(1);
    expect(output).toMatch(
      /RDB version 10 .* 3 commands\nappendonly\.aof: torn at byte 50, 42 bytes behind it; --fix/,
    );
    expect(await check("--fix", join(folder, "appendonly.aof.manifest"))).toBe(0);
    expect(output).toContain("appendonly.aof: torn at byte 50, 42 bytes behind it are cut off");
    expect(readFileSync(path)).toEqual(whole);
    expect(await check(path, join(folder, "appendonly.aof.manifest"))).toBe(0);
  });

  it("does not cut what is damaged otherwise", async () => {
    const path = write("x.aof", BATCH, "nonsense", BATCH);
    expect(await check("--fix", path)).toBe(1);
    expect(output).toBe('x.aof, byte 27: "*" and a number are expected\n');
  });

  it("tells what a log holds, and cuts its torn end off", async () => {
    const name = `log-${HISTORY}-100.aof`;
    const whole = segment(100, BATCH, BATCH);
    const path = write(name, whole);
    expect(await check(path)).toBe(0);
    expect(output).toBe(`${name}: log of history ${HISTORY}, offsets 100 to 154: whole\n`);
    for (const cut of [1, 40, BATCH.length]) {
      const torn = segment(100, BATCH, BATCH, BATCH);
      write(name, torn.subarray(0, torn.length - cut));
      expect(await check(path)).toBe(1);
      expect(output).toContain(`torn at byte ${whole.length}, `);
      expect(await check("--fix", path)).toBe(0);
      expect(readFileSync(path)).toEqual(whole);
    }
  });

  it("tells what a data set holds", async () => {
    const name = `log-${HISTORY}-0.aof`;
    const manifest = { history: HISTORY, earlier: [], segments: [{ name, offset: 0 }] };
    const path = write("quire.manifest", renderManifest(manifest));
    expect(await check(folder)).toBe(1);
    expect(output).toContain(name);
    const whole = segment(0, BATCH);
    write(name, whole);
    expect(await check(folder, path)).toBe(0);
    expect(output.split("\n")[1]).toBe("quire.manifest: data set: log to offset 27: whole");
    for (const each of [path, join(folder, name)]) {
      write(name, whole, "torn");
      write("quire.manifest", renderManifest(manifest));
      expect(await check(each)).toBe(1);
      expect(await check("--fix", each)).toBe(0);
      expect(output).toMatch(
        /\.aof: torn at byte \d+, 4 bytes behind it are cut off; a new history/,
      );
      expect(readFileSync(join(folder, name))).toEqual(whole);
      const { earlier } = parseManifest(readFileSync(path));
      expect(earlier).toEqual([{ history: HISTORY, end: 27 }]);
      expect(await check(folder)).toBe(0);
    }
    const damaged = readFileSync(path);
    damaged[20] = 65;
    writeFileSync(path, damaged);
    expect(await check(path)).toBe(1);
    expect(output).toBe("quire.manifest: its checksum does not fit: the file is damaged\n");
  });

  it("cuts damage off a data set when it is asked to, and says what had been durable", async () => {
    const name = `log-${HISTORY}-0.aof`;
    const manifest = { history: HISTORY, earlier: [], segments: [{ name, offset: 0 }] };
    write("quire.manifest", renderManifest(manifest));
    const whole = segment(0, BATCH, BATCH, BATCH);
    const begin = segment(0, BATCH).length;
    const durable = renderMark(startChecksum(SALT), 81, 81);
    whole[begin + 5] = 65;
    write(name, whole, durable);
    expect(await check(folder)).toBe(1);
    expect(output).toMatch(
      new RegExp(`${name} in .* is damaged at offset ${begin}: .*check --fix`),
    );
    expect(await check("--fix", folder)).toBe(0);
    expect(output).toMatch(/are cut off, which had been durable up to position 81; a new history/);
    expect(readFileSync(join(folder, name))).toEqual(segment(0, BATCH));
    expect(await check(folder)).toBe(0);
  });
});
