/**
 * Where the server is reached: its ports (plain, TLS, metrics), all on the addresses of `bind`, and
 * its Unix socket; and moving between ports while it runs.
 */
import type { Socket } from "node:net";
import { Listener } from "./listener.js";
import type { Settings } from "./settings.js";

/** The parameters that name a port. */
export const PORT_NAMES = ["port", "tls-port", "metrics-port"] as const;
export type PortName = (typeof PORT_NAMES)[number];

export function isPortName(name: string): name is PortName {
  return (PORT_NAMES as readonly string[]).includes(name);
}

export interface EndpointsOptions {
  /** Takes a connection that came through a port. */
  accept: Record<PortName, (socket: Socket) => void>;
  acceptUnix: (socket: Socket, path: string) => void;
}

/** The number that the settings have for a port; 0 = not wanted. */
export function portIn(settings: Settings, name: PortName): number {
  if (name === "tls-port") return settings.tls.port;
  return name === "port" ? settings.port : settings.metricsPort;
}

/** One port on the addresses of `bind`. */
class Port {
  /** Where it listens; 0 and "" where it does not. */
  number = 0;
  host = "";
  readonly name: PortName;
  readonly #accept: (socket: Socket) => void;
  #listener: Listener | undefined;

  constructor(name: PortName, accept: (socket: Socket) => void) {
    this.name = name;
    this.#accept = accept;
  }

  async listen(settings: Settings, number: number): Promise<void> {
    const { bind, tcpBacklog } = settings;
    const listener = await Listener.tcp(bind, number, tcpBacklog, this.#accept);
    this.#listener = listener;
    this.number = listener.addresses[0]?.port ?? 0;
    this.host = listener.addresses[0]?.host ?? "";
  }

  /**
   * Listens where `next` says instead of where `before` said. On failure all is as before. A
   * changed `bind` on the same port needs the old sockets closed first.
   */
  async move(before: Settings, next: Settings): Promise<void> {
    const old = this.#listener;
    const wanted = portIn(next, this.name);
    if (wanted === 0) {
      await this.close();
    } else if (wanted !== this.number) {
      await this.listen(next, wanted);
      await old?.close();
    } else {
      await this.close();
      try {
        await this.listen(next, wanted);
      } catch (cause) {
        await this.listen(before, wanted);
        throw cause;
      }
    }
  }

  async close(): Promise<void> {
    await this.#listener?.close();
    this.#listener = undefined;
    this.number = 0;
    this.host = "";
  }
}

export class Endpoints {
  unixSocket = "";
  readonly #options: EndpointsOptions;
  readonly #ports: Record<PortName, Port>;
  #unix: Listener | undefined;

  constructor(options: EndpointsOptions) {
    this.#options = options;
    const portOf = (name: PortName) => new Port(name, options.accept[name]);
    this.#ports = {
      port: portOf("port"),
      "tls-port": portOf("tls-port"),
      "metrics-port": portOf("metrics-port"),
    };
  }

  /** The port of that name; 0 when there is none. */
  port(name: PortName): number {
    return this.#ports[name].number;
  }

  /** The first address of the port; "" when there is none. */
  host(name: PortName): string {
    return this.#ports[name].host;
  }

  /** Listens as the settings say; the ports in `automatic` are free ones. */
  async open(settings: Settings, automatic: ReadonlySet<PortName>): Promise<void> {
    for (const name of PORT_NAMES) {
      const number = automatic.has(name) ? 0 : portIn(settings, name);
      if (automatic.has(name) || number !== 0) await this.#ports[name].listen(settings, number);
    }
    const { unixsocket, unixsocketperm } = settings;
    if (unixsocket === "") return;
    this.#unix = await Listener.unix(unixsocket, unixsocketperm, (socket) =>
      this.#options.acceptUnix(socket, unixsocket),
    );
    this.unixSocket = unixsocket;
  }

  /** Listens where `next` says instead of where `before` said. On failure all is as before. */
  async move(before: Settings, next: Settings): Promise<void> {
    const isMoved = before.bind.join(" ") !== next.bind.join(" ");
    const moved: Port[] = [];
    try {
      for (const port of Object.values(this.#ports)) {
        const isSame = portIn(before, port.name) === portIn(next, port.name);
        if (isSame && (!isMoved || port.number === 0)) continue;
        await port.move(before, next);
        moved.push(port);
      }
    } catch (cause) {
      for (const port of moved.reverse()) await port.move(next, before);
      throw cause;
    }
  }

  async close(): Promise<void> {
    for (const port of Object.values(this.#ports)) await port.close();
    await this.#unix?.close();
  }
}
