/** Listening sockets: TCP addresses by the rules of `bind`, and a Unix socket. */
import { chmodSync, rmSync, statSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { formatAddress } from "./transport.js";

export interface Address {
  host: string;
  port: number;
}

/** An address in use or not ours; the message is one line for the user. */
export class ListenError extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.name = "ListenError";
    this.code = code;
  }
}

/** Longest path that the system takes; a longer one would be cut off silently. */
const UNIX_PATH_BYTES = process.platform === "linux" ? 107 : 103;

/** Errors that an optional ("-") address may have. */
const OPTIONAL_ERRORS = ["EADDRNOTAVAIL", "EAFNOSUPPORT", "EPROTONOSUPPORT", "ENOTSUP", "EINVAL"];
const AUTO_ATTEMPTS = 10;

export class Listener {
  readonly addresses: Address[] = [];
  readonly #servers: Server[] = [];

  /**
   * Listens on each address of `bind`, all on the same port; port 0 takes a free one. On failure
   * nothing stays open.
   */
  static async tcp(
    bind: readonly string[],
    port: number,
    backlog: number,
    onSocket: (socket: Socket) => void,
  ): Promise<Listener> {
    for (let attempt = 1; ; attempt++) {
      const listener = new Listener();
      try {
        for (const address of bind) {
          await listener.#add(address, listener.addresses[0]?.port ?? port, backlog, onSocket);
        }
        if (bind.length > 0 && listener.addresses.length === 0) {
          const reason = `${bind.join(" ")}: none of these addresses exists here`;
          throw new ListenError(reason, "EADDRNOTAVAIL");
        }
        return listener;
      } catch (cause) {
        await listener.close();
        const again = port === 0 && (cause as ListenError).code === "EADDRINUSE";
        if (!again || attempt === AUTO_ATTEMPTS) throw cause;
      }
    }
  }

  static async unix(path: string, mode: number, onSocket: (s: Socket) => void): Promise<Listener> {
    const listener = new Listener();
    const isFile = process.platform !== "win32";
    if (isFile && Buffer.byteLength(path) > UNIX_PATH_BYTES) {
      const reason = `the path is longer than ${UNIX_PATH_BYTES} bytes`;
      throw new ListenError(`Unix socket ${path}: ${reason}`, "ENAMETOOLONG");
    }
    removeStaleSocket(path);
    const server = newServer(onSocket);
    await listen(server, { path }, `Unix socket ${path}`);
    if (mode !== 0 && isFile) chmodSync(path, mode);
    listener.#servers.push(server);
    return listener;
  }

  async #add(
    bind: string,
    port: number,
    backlog: number,
    onSocket: (socket: Socket) => void,
  ): Promise<void> {
    const optional = bind.startsWith("-");
    const name = optional ? bind.slice(1) : bind;
    const host = name === "*" ? "0.0.0.0" : name === "::*" ? "::" : name;
    const server = newServer(onSocket);
    try {
      await listen(
        server,
        { host, port, backlog, ipv6Only: host.includes(":") },
        formatAddress(host, port === 0 ? undefined : port),
      );
    } catch (cause) {
      if (optional && OPTIONAL_ERRORS.includes((cause as ListenError).code)) return;
      throw cause;
    }
    const address = server.address();
    if (address === null || typeof address === "string") return;
    this.#servers.push(server);
    this.addresses.push({ host, port: address.port });
  }

  /**
   * Stops listening at once. The servers' own "close" events are not waited for: their counts of
   * connections are void once handles have been adopted.
   */
  async close(): Promise<void> {
    for (const server of this.#servers.splice(0)) server.close();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function newServer(onSocket: (socket: Socket) => void): Server {
  return createServer({ pauseOnConnect: true, noDelay: true }, onSocket);
}

function listen(server: Server, options: object, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const code = cause.code ?? "";
      reject(new ListenError(describe(name, code, cause.message), code));
    });
    server.listen(options, () => {
      server.removeAllListeners("error");
      server.on("error", () => {});
      resolve();
    });
  });
}

const REASONS: Record<string, string> = {
  EADDRINUSE: "the address is in use",
  // For a path that does not exist the runtime says EACCES too.
  EACCES: "not permitted, or no such folder",
  EADDRNOTAVAIL: "the address does not exist here",
  ENOTFOUND: "no such host",
};

function describe(name: string, code: string, message: string): string {
  return `${name}: ${REASONS[code] ?? message}`;
}

/** A socket file that an earlier run left behind would be in the way. */
function removeStaleSocket(path: string): void {
  try {
    if (statSync(path).isSocket()) rmSync(path);
  } catch {
    // there is none
  }
}
