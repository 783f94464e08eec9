import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import * as abi from "../assembly/abi";
import { filesUnder } from "../build/files.mjs";
import { cowEnginePath, enginePath, root } from "../build/paths.mjs";
import { compareBuilds, scanWrites } from "../build/scan.mjs";
import { staticData } from "../build/static-data.mjs";
import { readModule } from "../build/wasm-reader.mjs";
import { commandRows } from "./support/command-rows";

/** Value types as a binary spells them. */
const WASM_TYPES: Record<string, string> = { i32: "7f", f64: "7c", void: "" };

/** A file of the repository. */
interface Source {
  path: string;
  text: string;
  lines: string[];
}

function sources(folder: string, ending = /\.(ts|mjs)$/): Source[] {
  return filesUnder(join(root, folder))
    .filter((path) => ending.test(path))
    .map((path) => {
      const text = readFileSync(path, "utf8");
      return { path: relative(root, path).replaceAll("\\", "/"), text, lines: text.split("\n") };
    });
}

const architecture = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
const assembly = sources("assembly");
const hosts = sources("hosts");
const build = sources("build");
const bench = sources("bench");
const tests = sources("test");

/** What a file imports, as written. */
function importsOf({ text }: Source): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** A relative import as a path of the repository, without its ending. */
function resolved(from: Source, specifier: string): string {
  const path = join(root, from.path, "..", specifier);
  return relative(root, path)
    .replaceAll("\\", "/")
    .replace(/\.(ts|js)$/, "");
}

describe("imports", () => {
  /** Floors by folder, from the table in ARCHITECTURE.md. */
  const floors = new Map(
    [...architecture.matchAll(/^\| (\d) \| `(\w+)\/` \|/gm)].map(([, floor, folder]) => [
      folder as string,
      Number(floor),
    ]),
  );

  function mayImport(from: string, to: string): boolean {
    if (to === "abi" || from === "index.ts" || from === to) return true;
    if (from === "text" && to === "memory") return true;
    const [own, other] = [floors.get(from), floors.get(to)];
    return own !== undefined && other !== undefined && other < own;
  }

  it("of the engine point down the floors", () => {
    expect(floors.size).toBeGreaterThan(7);
    const wrong = assembly.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => {
          const [top, to = ""] = resolved(file, specifier).split("/");
          const from = file.path.split("/")[1] ?? "";
          return !specifier.startsWith(".") || top !== "assembly" || !mayImport(from, to);
        })
        .map((specifier) => `${file.path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  it("of a host stay in its folder, hosts/shared and assembly/abi", () => {
    const wrong = hosts.flatMap((file) => {
      const own = file.path.split("/").slice(0, 2).join("/");
      return importsOf(file)
        .filter((specifier) => !allowedInHost(file, own, specifier))
        .map((specifier) => `${file.path} imports ${specifier}`);
    });
    expect(wrong).toEqual([]);
  });

  function allowedInHost(file: Source, own: string, specifier: string): boolean {
    if (specifier.startsWith(".")) {
      const path = resolved(file, specifier);
      if (path === "assembly/abi") return true;
      return path.startsWith(`${own}/`) || path.startsWith("hosts/shared/");
    }
    if (own === "hosts/shared") return false;
    return specifier.startsWith("node:") || specifier.startsWith("bun:") || specifier === "ws";
  }
});

describe("each file", () => {
  it("of the engine opens with a header of at most 40 lines", () => {
    const wrong = assembly.filter(({ text, lines }) => {
      const end = lines.findIndex((line) => line.trimEnd().endsWith("*/"));
      return !text.startsWith("/**") || end < 0 || end >= 40;
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it("has at most 600 lines, commands 800", () => {
    const wrong = [...assembly, ...hosts, ...build, ...bench].filter(({ path, lines }) => {
      const cap = path.startsWith("assembly/commands/") ? 800 : 600;
      return lines.length - 1 > cap;
    });
    expect(wrong.map(({ path, lines }) => `${path}: ${lines.length - 1}`)).toEqual([]);
  });

  it("has at most 100 columns", () => {
    const wrong = [...assembly, ...hosts, ...build, ...bench, ...tests].flatMap((file) =>
      file.lines.flatMap((line, index) =>
        [...line].length > 100 ? [`${file.path}:${index + 1}`] : [],
      ),
    );
    expect(wrong).toEqual([]);
  });

  it("has functions of at most 70 lines", () => {
    const files = [...assembly, ...hosts, ...build, ...bench];
    expect(files.flatMap((file) => longFunctions(file, 70))).toEqual([]);
  });

  it("holds no leftovers", () => {
    // Written in two parts, so that this file does not find itself.
    const words = new RegExp(
      `\\b(TO${"DO"}|FIX${"ME"}|XX${"X"})\\b|\\.on${"ly"}\\(|\\bdebug${"ger"};`,
    );
    const wrong = [...assembly, ...hosts, ...build, ...bench, ...tests].flatMap((file) =>
      file.lines.flatMap((line, index) =>
        words.test(line) ? [`${file.path}:${index + 1}: ${line.trim()}`] : [],
      ),
    );
    expect(wrong).toEqual([]);
  });

  it("of the hosts prints nothing, unless it is a command line", () => {
    const wrong = hosts.filter(
      ({ path, text }) =>
        !/\/(main|cli)[^/]*\.ts$|\/cli\//.test(path) && text.includes("console.log"),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it("of the engine has no variable outside functions", () => {
    const wrong = assembly.filter(({ lines }) =>
      lines.some((line) => /^(export )?(let|var) /.test(line)),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

function longFunctions(file: Source, cap: number): string[] {
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const lineOf = (position: number) => tree.getLineAndCharacterOfPosition(position).line;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body) {
      const start = lineOf(node.getStart(tree));
      const lines = lineOf(node.end) - start + 1;
      if (lines > cap) found.push(`${file.path}:${start + 1}: ${lines} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

describe("the built engine", () => {
  const engine = readFileSync(enginePath);
  const cowEngine = readFileSync(cowEnginePath);
  const hostAbi = architecture.slice(architecture.indexOf("\n## Host ABI"));
  const documented = hostAbi.slice(0, hostAbi.indexOf("\n## ", 5));

  it("has no mutable global, in either build", () => {
    for (const binary of [engine, cowEngine]) {
      const { globals, imports } = readModule(binary);
      expect(globals.filter(({ mutable }) => mutable)).toEqual([]);
      expect(imports.filter(({ kind }) => kind === "global")).toEqual([]);
    }
  });

  it("imports only what ARCHITECTURE.md documents", () => {
    const names = [...documented.matchAll(/`((?:env|host)\.\w+)/g)].map(([, name]) => name);
    const namesOf = (binary: Uint8Array) =>
      readModule(binary).imports.map(({ module, name }) => `${module}.${name}`);
    const plain = namesOf(engine);
    expect(plain.filter((name) => !names.includes(name) || name === "host.savePage")).toEqual([]);
    expect(namesOf(cowEngine).filter((name) => !plain.includes(name))).toEqual(["host.savePage"]);
  });

  it("exports exactly what ARCHITECTURE.md documents, with those types", () => {
    const expected = [...documented.matchAll(/^\| `(\w+)\((.*?)\): (\w+)` \|/gm)].map(
      ([, name, parameters = "", result = "void"]) =>
        `${name} ${parameterTypes(parameters)}>${WASM_TYPES[result]}`,
    );
    expect(exportsOf(engine).sort()).toEqual(expected.sort());
  });

  it("keeps its static data inside the module region", () => {
    expect(() => staticData(engine, abi)).not.toThrow();
  });

  it("writes nothing unguarded in its second build, which is otherwise the same", () => {
    const { stores, unguarded } = scanWrites(cowEngine, abi);
    expect(unguarded).toEqual([]);
    expect(stores).toBeGreaterThan(0);
    expect(compareBuilds(engine, cowEngine)).toEqual([]);
  });

  function exportsOf(binary: Uint8Array): string[] {
    const module = readModule(binary);
    const imported = module.imports.filter(({ kind }) => kind === "function");
    return module.exports.map(({ name, kind, index }) => {
      if (kind !== "function") return `${name} (${kind})`;
      return `${name} ${module.types[module.functions[index - imported.length]]}`;
    });
  }

  /** Types of documented parameters: i32 goes without saying, and timeMs is a f64 everywhere. */
  function parameterTypes(parameters: string): string {
    const names = parameters.split(",").filter((parameter) => parameter.trim() !== "");
    return names
      .map((parameter) => {
        const [name = "", type] = parameter.split(":").map((part) => part.trim());
        return WASM_TYPES[type ?? (name === "timeMs" ? "f64" : "i32")] ?? type;
      })
      .join("");
  }
});

describe("every command", () => {
  it("has a describe of its name in its group's test file", () => {
    const rows = commandRows();
    expect(rows.length).toBeGreaterThan(100);
    const missing = rows
      .map((row) => [row.get("name")?.toUpperCase().replace("|", " "), row.get("group")])
      .filter(([name = "", group = ""]) => !isTested(name, group))
      .map(([name, group]) => `${name} in test/commands/${group}.test.ts`);
    expect(missing).toEqual([]);
  });

  /** A large group may be spread over files: generic.test.ts, generic-expiry.test.ts. */
  function isTested(name: string, group: string): boolean {
    const file = new RegExp(`^test/commands/${group}(-[\\w-]+)?\\.test\\.ts$`);
    const literal = `["'\`]${name}["'\`]`;
    const named = new RegExp(
      `\\bdescribe(\\.\\w+)?\\(\\s*${literal}|\\bdescribe\\.each\\(\\[[^;]*?${literal}`,
    );
    return tests.some(({ path, text }) => file.test(path) && named.test(text));
  }
});
