// Users of a running server: `user` lines, `aclfile` with ACL LOAD and SAVE, `rename-command`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { type RunningServer, startServer } from "../../hosts/node/server";

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
    await expect(start({ aclfile })).rejects.toThrow(/wrong.acl:2: Duplicate user 'eve'/);
    await expect(start({ aclfile, user: ["x", "on"] })).rejects.toThrow(/not in both/);
  });

  it("know commands by the names they were given", async () => {
    await start({ "rename-command": ["CONFIG", ""] });
    expect(await talk("CONFIG GET port")).toMatch(/^-ERR unknown command/);
  });
});
