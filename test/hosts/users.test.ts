// Users of a running server: `user` lines, `aclfile` with ACL LOAD and SAVE, `rename-command`.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { rewriteText } from "../../hosts/node/rewrite";
import { type RunningServer, startServer } from "../../hosts/node/server";
import { type ServerProgram, startProgram, Wire } from "./support";

const folder = mkdtempSync(join(tmpdir(), "quire-users-"));
let server: RunningServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

afterAll(() => rmSync(folder, { recursive: true }));

type Lines = Record<string, string | readonly string[]>;

async function start(configuration: Lines): Promise<void> {
  server = await startServer({ memory: true, configuration: { port: "auto", ...configuration } });
}

/** Sends lines to a new connection and answers all it gets until QUIT has closed it. */
function talk(...lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(server?.port ?? 0, "127.0.0.1");
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
    });
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
    socket.write(`${[...lines, "QUIT"].join("\r\n")}\r\n`);
  });
}

describe("users of a server", () => {
  it("come from user lines", async () => {
    await start({ user: ["bob", "on", ">p", "~*", "+@all"] });
    expect(await talk("AUTH bob p", "ACL WHOAMI")).toContain("+OK\r\n$3\r\nbob\r\n");
  });

  it("come from the aclfile, which is read and written again", async () => {
    const aclfile = join(folder, "users.acl");
    writeFileSync(aclfile, "user default on nopass ~* &* +@all\nuser eve on >p\n");
    await start({ aclfile });
    expect(await talk("ACL USERS")).toContain("eve");
    writeFileSync(aclfile, "user default on nopass ~* &* +@all\nuser ann on +nope\n");
    expect(await talk("ACL LOAD", "ACL USERS")).toMatch(/^-ERR .*users.acl:2: .*Unknown[\s\S]*eve/);
    writeFileSync(aclfile, "user default on nopass ~* &* +@all\nuser ann on +get\n");
    expect(await talk("ACL LOAD", "ACL USERS")).toMatch(/^\+OK[\s\S]*ann/);
    expect(await talk("ACL SETUSER tom on nopass ~t", "ACL SAVE")).toContain("+OK\r\n+OK\r\n");
    expect(readFileSync(aclfile, "utf8")).toMatch(/^user tom on nopass .*~t /m);
  });

  it("stop the start when a file is wrong", async () => {
    const aclfile = join(folder, "wrong.acl");
    writeFileSync(aclfile, "user eve on\nuser eve off\n");
    await expect(start({ aclfile })).rejects.toThrow(/Duplicate user 'eve' found on line 2/);
    await expect(start({ aclfile, user: ["x", "on"] })).rejects.toThrow(/not in both/);
  });

  it("know commands by the names they were given", async () => {
    await start({ "rename-command": ["CONFIG", ""] });
    expect(await talk("CONFIG GET port")).toMatch(/^-ERR unknown command/);
  });
});

// redis-server 7.0 disconnects all but the default user; 7.4 whom it has to (redis/redis#12171).
describe("ACL LOAD", () => {
  it("disconnects whose user is gone, and who listens to what it may not any more", async () => {
    const aclfile = join(folder, "clients.acl");
    const all = "user default on nopass ~* &* +@all\n";
    const names = ["same", "changed", "gone", "listens"];
    const lines = names.map((name) => `user ${name} on nopass ~* &a* +@all\n`);
    writeFileSync(aclfile, all + lines.join(""));
    await start({ aclfile });
    const wires = new Map<string, Wire>();
    for (const name of [...names, "keeps listening"]) {
      const wire = await Wire.open({ port: server?.port ?? 0 });
      expect(await wire.ask("AUTH", name === "keeps listening" ? "same" : name, "x")).toBe("+OK");
      wires.set(name, wire);
    }
    const wireOf = (name: string) => wires.get(name) as Wire;
    expect(await wireOf("listens").ask("SUBSCRIBE", "ab")).toBe("*3");
    expect(await wireOf("keeps listening").ask("SUBSCRIBE", "ab")).toBe("*3");
    const after = `${all}${lines[0]}user changed on nopass ~k +get\nuser listens on nopass ~* &b\n`;
    writeFileSync(aclfile, after);
    expect(await wireOf("same").ask("ACL", "LOAD")).toBe("+OK");
    await wireOf("gone").closed;
    await wireOf("listens").closed;
    expect(await wireOf("same").ask("PUBLISH", "ab", "hi")).toBe(":1");
    expect(await wireOf("changed").ask("GET", "k")).toBe("$-1");
    expect(await wireOf("changed").ask("GET", "z")).toMatch(/^-NOPERM/);
    for (const wire of wires.values()) wire.close();
  });

  it("lets the one who runs it hear the answer before its own connection is closed", async () => {
    const aclfile = join(folder, "self.acl");
    writeFileSync(aclfile, "user default on nopass ~* &* +@all\nuser eve on nopass ~* +@all\n");
    await start({ aclfile });
    const wire = await Wire.open({ port: server?.port ?? 0 });
    expect(await wire.ask("AUTH", "eve", "x")).toBe("+OK");
    writeFileSync(aclfile, "user default on nopass ~* &* +@all\n");
    expect(await wire.ask("ACL", "LOAD")).toBe("+OK");
    await wire.closed;
  });
});

describe("CONFIG REWRITE of users", () => {
  const none = { changed: [], names: new Map<string, string>() };
  const rewrite = (text: string, users?: string[]) =>
    rewriteText(text, none, () => undefined, users);

  it("puts each user in its place, drops those that are gone, adds the new ones", () => {
    const text = "# bob\nuser bob on\n# al\nuser al off\nuser gone on\nrename-command GET x\n";
    expect(rewrite(text, ["user al on", "user bob on", "user new off"])).toBe(
      "# bob\nuser bob on\n# al\nuser al on\nrename-command GET x\n" +
        "# Generated by CONFIG REWRITE\nuser new off\n",
    );
    expect(rewrite(text, [])).toBe("# bob\n# al\nrename-command GET x\n");
    expect(rewrite(text)).toBe(text);
  });

  const programs: ServerProgram[] = [];

  afterEach(async () => {
    for (const { child, exit } of programs.splice(0)) {
      child.kill();
      await exit;
    }
  });

  async function begin(path: string): Promise<Wire> {
    const program = await startProgram(path, "--port", "auto");
    programs.push(program);
    return Wire.open({ port: program.port });
  }

  /** The lines of a file, but for the port that was free. */
  const linesOf = (path: string) =>
    readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => !line.startsWith("port "));

  /** The users, as ACL LIST shows them. */
  async function list(wire: Wire): Promise<string[]> {
    const lines: string[] = [];
    for (let left = Number((await wire.ask("ACL", "LIST")).slice(1)); left > 0; left--) {
      await wire.line();
      lines.push(await wire.line());
    }
    return lines;
  }

  it("brings them back after a restart, with all else in the file", async () => {
    const path = join(folder, "rewrite.conf");
    const kept = ["# first", "rename-command DEBUG xdebug", "# last"];
    const text = `${kept.slice(0, 2).join("\n")}\nuser bob on >p ~*\nuser al on\n# last\n`;
    writeFileSync(path, text);
    chmodSync(path, 0o640);
    const before = await begin(path);
    const odd = ["ACL", "SETUSER", 'o"d\\', "on", ">x", '~a"b', "&c'd", "(+@read -get %R~\xff)"];
    expect(await before.ask(...odd)).toBe("+OK");
    expect(await before.ask("ACL", "SETUSER", "bob", "+config|get", "+select|0")).toBe("+OK");
    expect(await before.ask("ACL", "DELUSER", "al")).toBe(":1");
    expect(await before.ask("CONFIG", "SET", "requirepass", "s e")).toBe("+OK");
    expect(await before.ask("CONFIG", "REWRITE")).toBe("+OK");
    const users = await list(before);
    expect(users).toHaveLength(3);
    before.close();
    const lines = linesOf(path);
    expect(lines).toEqual(expect.arrayContaining(kept));
    expect(lines.join("\n")).not.toMatch(/>p|user al /);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    const after = await begin(path);
    expect(await after.ask("ACL", "WHOAMI")).toBe("-NOAUTH Authentication required.");
    expect(await after.ask("AUTH", "s e")).toBe("+OK");
    expect(await list(after)).toEqual(users);
    expect(await after.ask("DEBUG", "SLEEP", "0")).toMatch(/^-ERR unknown command 'DEBUG'/);
    expect(await after.ask("CONFIG", "REWRITE")).toBe("+OK");
    expect(linesOf(path)).toEqual(lines);
    after.close();
  });

  it("leaves them to the aclfile where there is one", async () => {
    const path = join(folder, "aclfile.conf");
    const aclfile = join(folder, "of-rewrite.acl");
    writeFileSync(aclfile, "user eve on >p\n");
    writeFileSync(path, `aclfile ${aclfile}\n`);
    const wire = await begin(path);
    expect(await wire.ask("ACL", "SETUSER", "tom", "on")).toBe("+OK");
    expect(await wire.ask("CONFIG", "REWRITE")).toBe("+OK");
    wire.close();
    expect(readFileSync(path, "utf8")).not.toContain("user ");
    expect(readFileSync(aclfile, "utf8")).toBe("user eve on >p\n");
  });

  it("leaves out users that another file declares, so that the server starts again", async () => {
    const path = join(folder, "including.conf");
    const included = join(folder, "included.conf");
    writeFileSync(included, "user eve on >p\n");
    writeFileSync(path, `include ${included}\n`);
    const wire = await begin(path);
    expect(await wire.ask("ACL", "SETUSER", "tom", "on")).toBe("+OK");
    expect(await wire.ask("CONFIG", "REWRITE")).toBe("+OK");
    wire.close();
    expect(programs[0]?.output).toContain("user eve is not declared in that file");
    expect(readFileSync(path, "utf8")).toMatch(/^user tom /m);
    expect(readFileSync(path, "utf8")).not.toContain("user eve");
    (await begin(path)).close();
  });
});
