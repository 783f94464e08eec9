// redis-server and the built program side by side, each with the same connections: a step is sent
// to both, and what every connection has received since is compared.
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { type ServerProgram, startProgram } from "../hosts/support.js";
import { decode, encode } from "./engine";
import { RedisClient, RedisServer, splitReplies } from "./redis-server";

/** How long what one server has sent may take to come from the other. */
const PATIENCE_MS = 2000;
/** What the pair itself says; monitors' lines of it are left out. */
const MARK = "live-pair";

export type Side = "redis" | "quire";
export const SIDES: Side[] = ["redis", "quire"];

/** One connection, to both servers. */
interface Member {
  redis: RedisClient;
  quire: RedisClient;
  /** Its numbers as the two servers give them. */
  ids: Record<Side, string>;
}

export class LivePair {
  readonly members: Member[] = [];
  #watcher: Member | undefined;

  private constructor(
    readonly redis: RedisServer,
    readonly program: ServerProgram,
    private readonly folder: string,
  ) {}

  /** Starts both on Unix sockets; parameters are "--name", "value", ... */
  static async start(...parameters: string[]): Promise<LivePair> {
    return LivePair.#startIn(mkdtempSync(join(tmpdir(), "quire-pair-")), parameters);
  }

  /** The same, with a directory for the data. */
  static async startKeeping(...parameters: string[]): Promise<LivePair> {
    const folder = mkdtempSync(join(tmpdir(), "quire-pair-"));
    return LivePair.#startIn(folder, parameters, ["--dir", join(folder, "data")]);
  }

  static async #startIn(folder: string, parameters: string[], own: string[] = []) {
    const redis = await RedisServer.start(parameters);
    const fixed = ["--port", "0", "--unixsocket", join(folder, "socket"), "--save", "", ...own];
    const more = ["--enable-debug-command", "yes"];
    const program = await startProgram(...fixed, ...more, ...parameters);
    return new LivePair(redis, program, folder);
  }

  async stop(): Promise<void> {
    this.close();
    this.#watcher?.redis.close();
    this.#watcher?.quire.close();
    this.program.child.kill("SIGKILL");
    await Promise.all([this.redis.stop(), this.program.exit]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #member(): Promise<Member> {
    const socket = connect(join(this.folder, "socket"));
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const member = { redis: await this.redis.connect(), quire: new RedisClient(socket) };
    const ids = { redis: "", quire: "" };
    for (const side of SIDES) ids[side] = (await member[side].ask("CLIENT", "ID")).slice(1, -2);
    return { ...member, ids };
  }

  /** A fresh data set, settings as they were, and so many connections. */
  async begin(members: number, protocol: 2 | 3 = 2): Promise<void> {
    this.close();
    this.#watcher ??= await this.#member();
    for (const side of SIDES) {
      await this.#watcher[side].ask("CLIENT", "UNPAUSE");
      await this.#alone(side);
      await this.#watcher[side].ask("FLUSHALL");
      await this.#watcher[side].ask("ACL", "DELUSER", "joe");
      await this.#watcher[side].ask("CONFIG", "RESETSTAT");
    }
    for (let count = 0; count < members; count++) {
      const member = await this.#member();
      if (protocol === 3) for (const side of SIDES) await member[side].ask("HELLO", "3");
      this.members.push(member);
    }
  }

  /** Until a server has noticed that the connections of before are gone. */
  async #alone(side: Side): Promise<void> {
    const watcher = this.#watcher as Member;
    while (!(await watcher[side].ask("INFO", "clients")).includes("connected_clients:1\r\n"));
  }

  /** Closes the connections. */
  close(): void {
    for (const { redis, quire } of this.members.splice(0)) {
      redis.close();
      quire.close();
    }
  }

  /** Asks both on a connection of its own. */
  async ask(...words: string[]): Promise<Record<Side, unknown>> {
    const watcher = this.#watcher as Member;
    const [redis, quire] = await Promise.all(SIDES.map((side) => watcher[side].ask(...words)));
    return { redis: decode(redis ?? ""), quire: decode(quire ?? "") };
  }

  /** Asks one of the servers on a connection of its own. */
  async askOne(side: Side, ...words: string[]): Promise<unknown> {
    return decode((await this.#watcher?.[side].ask(...words)) ?? "");
  }

  /** The number of a connection as a server gives it. */
  idOf(number: number, side: Side): string {
    return this.members[number]?.ids[side] ?? "";
  }

  /**
   * Sends a step: "1 GET a; GET b" are two commands in one piece on connection 1; "@2" stands for
   * the number of connection 2.
   */
  send(step: string): void {
    const [, number = "", rest = ""] = /^(\d) (.*)$/s.exec(step) ?? [];
    const member = this.members[Number(number)] as Member;
    for (const side of SIDES) {
      const requests = rest.split("; ").map((line) => encode(this.#words(line, side)));
      member[side].send(Buffer.concat(requests));
    }
  }

  #words(line: string, side: Side): string[] {
    const idOf = (number: string) => this.members[Number(number)]?.ids[side] ?? "";
    return line.split(" ").map((word) => {
      if (word === '""') return "";
      return word.replace(/^@(\d)$/, (_, number: string) => idOf(number));
    });
  }

  /**
   * Until both have done what was sent: the third of three requests one after another is served in
   * a later turn of the loop than whatever was sent before the first.
   */
  async settle(): Promise<void> {
    for (let round = 0; round < 3; round++) await this.ask("ECHO", MARK);
    await turn();
  }

  /** What each connection has received on both sides, once it is the same or time is over. */
  async received(normalise: (frame: string) => string): Promise<Received[]> {
    const lists: Received[] = this.members.map(() => ({ redis: [], quire: [] }));
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      for (const [index, member] of this.members.entries()) {
        for (const side of SIDES) {
          const frames = ownFrames(splitReplies(await member[side].take(0)));
          lists[index]?.[side].push(...frames.map((frame) => this.#named(frame, side, normalise)));
        }
      }
      const isSame = lists.every(({ redis, quire }) => redis.join("") === quire.join(""));
      if (isSame || Date.now() > deadline) return lists;
      await this.ask("ECHO", MARK);
    }
  }

  #named(frame: string, side: Side, normalise: (frame: string) => string): string {
    const known = frame.replace(/((?:redirect|id)\r\n):(\d+)/, (whole, before: string, id) => {
      const index = this.members.findIndex(({ ids }) => ids[side] === id);
      return index < 0 ? whole : `${before}:@${index}`;
    });
    return normalise(known);
  }

  /** Until connection `number` has received so many frames from both; what they were stays. */
  async awaits(number: number, frames: number, normalise: (frame: string) => string) {
    const member = this.members[number] as Member;
    const [redis = [], quire = []] = await Promise.all(
      SIDES.map(async (side) => {
        const list = await member[side].replies(frames);
        if (list.length < frames) throw new Error(`${side} has sent ${list.length} frames only`);
        return list.map((frame) => this.#named(frame, side, normalise));
      }),
    );
    return { redis, quire };
  }

  async isClosed(number: number): Promise<Record<Side, boolean>> {
    const member = this.members[number] as Member;
    const [redis = false, quire = false] = await Promise.all(
      SIDES.map((side) => member[side].waitClosed(PATIENCE_MS)),
    );
    return { redis, quire };
  }
}

function ownFrames(frames: string[]): string[] {
  return frames.filter((frame) => !frame.endsWith(`"ECHO" "${MARK}"\r\n`));
}

export interface Received {
  redis: string[];
  quire: string[];
}
