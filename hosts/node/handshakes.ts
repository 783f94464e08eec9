/**
 * Accepted sockets become TLS sockets here. The server of node:tls never listens: sockets are given
 * to it, so new settings are a new server, and connections of before go on as they are.
 */
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket, type TlsOptions } from "node:tls";

/** A client that has not finished its handshake by then is cut. */
const HANDSHAKE_MS = 10_000;

export interface HandshakesOptions {
  onSecure: (socket: TLSSocket) => void;
  /** A handshake came to nothing. */
  onFailure: (peer: string, reason: string) => void;
}

export class Handshakes {
  readonly #options: HandshakesOptions;
  readonly #sockets = new Set<Socket>();
  #finished = 0;
  #server: Server | undefined;

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  /** Connections that are not yet served. */
  get pending(): number {
    return this.#sockets.size - this.#finished;
  }

  /** Connections from now on are made with these. */
  use(options: TlsOptions): void {
    const isOptional = options.requestCert === true && options.rejectUnauthorized === false;
    const server = createServer({ ...options, handshakeTimeout: HANDSHAKE_MS });
    server.on("secureConnection", (socket) => this.#secured(socket, isOptional));
    server.on("tlsClientError", (cause, socket) => {
      this.#options.onFailure(peerOf(socket), reasonOf(cause));
      socket.destroy();
    });
    this.#server = server;
  }

  take(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    if (this.#server === undefined) socket.destroy();
    else this.#server.emit("connection", socket);
  }

  /** Cuts every connection, whatever its state. */
  stop(): void {
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  #secured(socket: TLSSocket, isOptional: boolean): void {
    this.#finished++;
    socket.once("close", () => this.#finished--);
    // A client may show no certificate, but not a wrong one.
    const isWrong =
      isOptional && !socket.authorized && socket.getPeerX509Certificate() !== undefined;
    if (isWrong || this.#server === undefined) {
      socket.on("error", () => {});
      if (isWrong) this.#options.onFailure(peerOf(socket), String(socket.authorizationError));
      socket.destroy();
      return;
    }
    this.#options.onSecure(socket);
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? "?"}`;
}

function reasonOf(cause: Error): string {
  const { reason } = cause as { reason?: string };
  return reason ?? cause.message.split("\n")[0] ?? "";
}
