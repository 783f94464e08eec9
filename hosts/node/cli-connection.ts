/** The connection of `quiredb cli`: requests out, replies in order. */
import { connect, type Socket } from "node:net";
import { ReplyDecoder } from "../shared/protocol/decoder.js";
import { Aggregate, encodeRequest, type RawReply } from "../shared/protocol/resp.js";

export interface Target {
  host: string;
  port: number;
  /** Path of a Unix socket; used instead of host and port. */
  path: string | undefined;
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
    const options =
      target.path === undefined ? { host: target.host, port: target.port } : { path: target.path };
    return new Promise((resolve, reject) => {
      const socket = connect({ ...options, noDelay: true });
      const fail = (cause: NodeJS.ErrnoException) =>
        reject(new ConnectionError(`Could not connect to Quire at ${name}: ${reasonOf(cause)}`));
      socket.once("error", fail);
      socket.once("connect", () => {
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

function reasonOf(cause: NodeJS.ErrnoException & { errors?: Error[] }): string {
  if (cause.code === "ECONNREFUSED") return "Connection refused";
  return cause.message || cause.errors?.[0]?.message || cause.code || "unknown reason";
}
