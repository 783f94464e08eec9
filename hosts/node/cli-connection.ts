/** The connection of `quiredb cli`: requests out, replies in order. */
import { readFileSync } from "node:fs";
import { connect, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectSecurely } from "node:tls";
import { ReplyDecoder } from "../shared/protocol/decoder.js";
import { Aggregate, encodeRequest, type RawReply } from "../shared/protocol/resp.js";
import { reasonOf as systemReason } from "./directives.js";

export interface Target {
  host: string;
  port: number;
  /** Path of a Unix socket; used instead of host and port. */
  path: string | undefined;
  /** Speak TLS. */
  tls?: TlsTarget | undefined;
}

export interface TlsTarget {
  /** Files: certificates that the server's must come from, and the client's own with its key. */
  caFile: string | undefined;
  certFile: string | undefined;
  keyFile: string | undefined;
  /** Take any certificate. */
  insecure: boolean;
  /** The name that the server is asked for. */
  serverName: string | undefined;
}

export class ConnectionError extends Error {}

export class CliConnection {
  /** Gets what nobody asked for: pushed messages, MONITOR lines. */
  onPush: (reply: RawReply) => void = () => {};
  onClose: () => void = () => {};
  closed = false;
  readonly #socket: Socket;
  readonly #waiting: { resolve: (reply: RawReply) => void; reject: (cause: Error) => void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    const decoder = new ReplyDecoder((reply) => this.#deliver(reply));
    socket.on("data", (chunk: Buffer) => {
      try {
        decoder.push(chunk);
      } catch (cause) {
        socket.destroy(cause as Error);
      }
    });
    let reason = "Server closed the connection";
    socket.on("error", (cause) => {
      reason = cause.message;
    });
    socket.on("close", () => {
      this.closed = true;
      for (const waiting of this.#waiting.splice(0)) waiting.reject(new ConnectionError(reason));
      this.onClose();
    });
  }

  static open(target: Target): Promise<CliConnection> {
    const name = target.path ?? `${target.host}:${target.port}`;
    return new Promise((resolve, reject) => {
      const socket = openSocket(target);
      const fail = (cause: NodeJS.ErrnoException) =>
        reject(new ConnectionError(`Could not connect to Quire at ${name}: ${reasonOf(cause)}`));
      socket.once("error", fail);
      socket.once(target.tls === undefined ? "connect" : "secureConnect", () => {
        socket.off("error", fail);
        resolve(new CliConnection(socket));
      });
    });
  }

  send(parts: readonly (string | Uint8Array)[]): Promise<RawReply> {
    return new Promise((resolve, reject) => {
      if (this.closed) {
        reject(new ConnectionError("Server closed the connection"));
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#socket.write(encodeRequest(parts));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #deliver(reply: RawReply): void {
    const isPush = reply instanceof Aggregate && reply.kind === "push";
    const waiting = isPush ? undefined : this.#waiting.shift();
    if (waiting === undefined) this.onPush(reply);
    else waiting.resolve(reply);
  }
}

function openSocket(target: Target): Socket {
  const { path, host, port, tls } = target;
  const options = { ...(path === undefined ? { host, port } : { path }), noDelay: true };
  if (tls === undefined) return connect(options);
  return connectSecurely({ ...options, ...secureOptions(tls, host) });
}

/**
 * With authorities of one's own, as redis-cli: whatever they have signed is the server. Without,
 * the certificate must be one for the server's name.
 */
function secureOptions(tls: TlsTarget, host: string): ConnectionOptions {
  const serverName = tls.serverName ?? (isIP(host) === 0 ? host : undefined);
  return {
    rejectUnauthorized: !tls.insecure,
    ...(serverName !== undefined && { servername: serverName }),
    ...(tls.caFile !== undefined && {
      ca: readFor("--cacert", tls.caFile),
      checkServerIdentity: () => undefined,
    }),
    ...(tls.certFile !== undefined && { cert: readFor("--cert", tls.certFile) }),
    ...(tls.keyFile !== undefined && { key: readFor("--key", tls.keyFile) }),
  };
}

function readFor(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConnectionError(`${option} ${path}: ${systemReason(cause)}`);
  }
}

function reasonOf(cause: NodeJS.ErrnoException & { errors?: Error[] }): string {
  if (cause.code === "ECONNREFUSED") return "Connection refused";
  return cause.message || cause.errors?.[0]?.message || cause.code || "unknown reason";
}
