/**
 * TCP and Unix sockets as transports.
 *
 * The fast path takes the accepted handle out of the server's own socket and wraps it in a socket
 * that reads into one buffer shared by all connections: a chunk is handled before the next read, so
 * nothing is allocated per chunk. Where the handle cannot be reached the plain events are used.
 */
import { Socket } from "node:net";
import type { Transport } from "../shared/transport.js";

/** A closing connection that takes none of its last output for so long is cut. */
const CLOSE_DEADLINE_MS = 10_000;

/** Up to a TLS record: encrypting costs more than a copy, and it spares lending the memory. */
const COPIED_BYTES = 16 * 1024;

/** What a connection tells its owner. */
export interface SocketEvents {
  /** The first `bytes` of `chunk` have come in; the chunk is used again afterwards. */
  data(chunk: Uint8Array, bytes: number): void;
  drain(): void;
  close(): void;
}

interface WithHandle {
  _handle: { readStart?: unknown } | null;
}

/** Takes over an accepted socket (from a server with pauseOnConnect). */
export function adoptSocket(accepted: Socket, readBuffer: Buffer, plain: boolean): SocketTransport {
  const owner = accepted as unknown as WithHandle;
  const handle = owner._handle;
  if (plain || !handle || typeof handle.readStart !== "function") {
    return withEvents(accepted, new SocketTransport(accepted));
  }
  owner._handle = null;
  let transport: SocketTransport | undefined;
  const options = {
    handle,
    manualStart: true,
    onread: {
      buffer: readBuffer,
      callback: (bytes: number, buffer: Uint8Array) => {
        transport?.events.data(buffer, bytes);
        return true;
      },
    },
  };
  transport = new SocketTransport(new Socket(options as object));
  return transport;
}

/** Takes over a socket whose handshake is done; nothing of it has been read. */
export function adoptSecure(socket: Socket): SocketTransport {
  return withEvents(socket, new SocketTransport(socket, COPIED_BYTES));
}

function withEvents(socket: Socket, transport: SocketTransport): SocketTransport {
  socket.on("data", (chunk: Buffer) => transport.events.data(chunk, chunk.length));
  socket.pause();
  return transport;
}

export class SocketTransport implements Transport {
  peerAddress: string;
  localAddress: string;
  events: SocketEvents = { data() {}, drain() {}, close() {} };
  readonly #socket: Socket;
  /** Writes of up to so many bytes are copied. */
  readonly #copiedBytes: number;

  constructor(socket: Socket, copiedBytes = 0) {
    this.#socket = socket;
    this.#copiedBytes = copiedBytes;
    this.peerAddress = formatAddress(socket.remoteAddress, socket.remotePort);
    this.localAddress = formatAddress(socket.localAddress, socket.localPort);
    socket.on("drain", () => this.events.drain());
    socket.on("close", () => this.events.close());
    socket.on("error", () => {});
  }

  get remoteIp(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  keepAlive(seconds: number): void {
    this.#socket.setKeepAlive(seconds > 0, seconds * 1000);
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    if (bytes.length <= this.#copiedBytes) {
      socket.write(Buffer.from(bytes));
      return true;
    }
    socket.write(bytes);
    return socket.writableLength === 0;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#socket.destroyed) this.#socket.resume();
  }

  close(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    socket.resume();
    // Idle time, not the whole time: a slow reader that goes on reading gets everything.
    socket.setTimeout(CLOSE_DEADLINE_MS, () => socket.destroy());
    socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** "127.0.0.1:6379", "[::1]:6379"; empty when there is no address, without a colon when no port. */
export function formatAddress(ip: string | undefined, port: number | undefined): string {
  if (ip === undefined) return "";
  return port === undefined ? formatHost(ip) : `${formatHost(ip)}:${port}`;
}

/** An IPv6 address gets its brackets. */
export function formatHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
