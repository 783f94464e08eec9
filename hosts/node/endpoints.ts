/** Where the server is reached: its TCP addresses and its Unix socket, and moving between ports. */
import type { Socket } from "node:net";
import { Listener } from "./listener.js";
import type { Settings } from "./settings.js";

/** Takes a connection; `unixPath` is set when it came through the Unix socket. */
export type Accept = (socket: Socket, unixPath: string | undefined) => void;

export class Endpoints {
  /** Of the first TCP address; 0 and "" without TCP. */
  port = 0;
  host = "";
  unixSocket = "";
  readonly #accept: Accept;
  #tcp: Listener | undefined;
  #unix: Listener | undefined;

  constructor(accept: Accept) {
    this.#accept = accept;
  }

  /** Listens as the settings say; `autoPort` takes a free port. */
  async open(settings: Settings, autoPort: boolean): Promise<void> {
    if (autoPort) await this.#listen(settings, 0);
    else if (settings.port !== 0) await this.#listen(settings, settings.port);
    const { unixsocket, unixsocketperm } = settings;
    if (unixsocket === "") return;
    this.#unix = await Listener.unix(unixsocket, unixsocketperm, (socket) =>
      this.#accept(socket, unixsocket),
    );
    this.unixSocket = unixsocket;
  }

  /**
   * Listens where `next` says instead of where `before` said. On failure everything is as before. A
   * changed `bind` on the same port needs the old sockets closed first.
   */
  async move(before: Settings, next: Settings): Promise<void> {
    const old = this.#tcp;
    if (next.port === 0) {
      await this.#closeTcp();
    } else if (next.port !== this.port) {
      await this.#listen(next, next.port);
      await old?.close();
    } else {
      await this.#closeTcp();
      try {
        await this.#listen(next, next.port);
      } catch (cause) {
        await this.#listen(before, next.port);
        throw cause;
      }
    }
  }

  async close(): Promise<void> {
    await this.#closeTcp();
    await this.#unix?.close();
  }

  async #listen(settings: Settings, port: number): Promise<void> {
    const { bind, tcpBacklog } = settings;
    const listener = await Listener.tcp(bind, port, tcpBacklog, (socket) =>
      this.#accept(socket, undefined),
    );
    this.#tcp = listener;
    this.port = listener.addresses[0]?.port ?? 0;
    this.host = listener.addresses[0]?.host ?? "";
  }

  async #closeTcp(): Promise<void> {
    await this.#tcp?.close();
    this.#tcp = undefined;
    this.port = 0;
  }
}
