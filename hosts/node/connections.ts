/**
 * Connections that come in: limits and refusals, one session each, idle ones closed. The count is
 * kept here, because a server whose handles are adopted no longer knows it.
 */
import type { Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import { Exchange, SessionFlag } from "../../assembly/abi.js";
import type { Session } from "../shared/session.js";
import type { Sessions } from "../shared/sessions.js";
import { Handshakes } from "./handshakes.js";
import type { Settings } from "./settings.js";
import { adoptSecure, adoptSocket, type SocketTransport } from "./transport.js";

const READ_BUFFER_BYTES = 64 * 1024;

/** When the server stops, clients get this long to take their last output. */
const STOP_DEADLINE_MS = 1000;

const TOO_MANY = "-ERR max number of clients reached\r\n";
const NO_MEMORY = "-ERR not enough memory for another client\r\n";
/** The refusal of redis-server 7, byte for byte: tools search for it. */
const PROTECTED =
  "-DENIED Redis is running in protected mode because protected mode is enabled and no password " +
  "is set for the default user. In this mode connections are only accepted from the loopback " +
  "interface. If you want to connect from external computers to Redis you may adopt one of the " +
  "following solutions: 1) Just disable protected mode sending the command 'CONFIG SET " +
  "protected-mode no' from the loopback interface by connecting to Redis from the same host the " +
  "server is running, however MAKE SURE Redis is not publicly accessible from internet if you do " +
  "so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable " +
  "the protected mode by editing the Redis configuration file, and setting the protected mode " +
  "option to 'no', and then restarting the server. 3) If you started the server manually just " +
  "for testing, restart it with the '--protected-mode no' option. 4) Set up an authentication " +
  "password for the default user. NOTE: You only need to do one of the above things in order for " +
  "the server to start accepting connections from the outside.\r\n";

export interface ConnectionsOptions {
  settings: Settings;
  /** Use plain socket events instead of the fast path. */
  plain: boolean;
  /** Whether the default user needs a password. */
  hasPassword: () => boolean;
  /** A TLS connection that came to nothing. */
  onHandshakeFailure: (peer: string, reason: string) => void;
}

export class Connections {
  settings: Settings;
  readonly #sessions: Sessions;
  readonly #plain: boolean;
  readonly #hasPassword: () => boolean;
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly #active = new Map<SocketTransport, Session | undefined>();
  readonly #handshakes: Handshakes;
  #idle: (() => void) | undefined;
  #nextSweepMs = 0;

  constructor(sessions: Sessions, options: ConnectionsOptions) {
    this.#sessions = sessions;
    this.settings = options.settings;
    this.#plain = options.plain;
    this.#hasPassword = options.hasPassword;
    this.#handshakes = new Handshakes({
      onSecure: (socket) => this.#take(adoptSecure(socket), undefined),
      onFailure: options.onHandshakeFailure,
    });
  }

  /** How TLS connections are made from now on. */
  useTls(options: TlsOptions): void {
    this.#handshakes.use(options);
  }

  accept(socket: Socket, unixPath: string | undefined): void {
    this.#take(adoptSocket(socket, this.#readBuffer, this.#plain), unixPath);
  }

  /** One that starts with a handshake. Where there are too many the refusal cannot be told. */
  acceptSecure(socket: Socket): void {
    if (this.#sessions.count + this.#handshakes.pending < this.settings.maxclients) {
      this.#handshakes.take(socket);
      return;
    }
    this.#countRefusal();
    socket.destroy();
  }

  #take(transport: SocketTransport, unixPath: string | undefined): void {
    if (unixPath !== undefined) {
      transport.peerAddress = `${unixPath}:0`;
      transport.localAddress = `${unixPath}:0`;
    }
    const refusal = this.#refusal(transport, unixPath !== undefined);
    this.#active.set(transport, undefined);
    transport.events = { data() {}, drain() {}, close: () => this.#gone(transport) };
    if (refusal !== undefined) {
      this.#refuse(transport, refusal);
      return;
    }
    const session = this.#sessions.open(transport, flagsOf(transport, unixPath));
    if (session === undefined) this.#refuse(transport, NO_MEMORY);
    else this.#start(transport, session);
  }

  #refusal(transport: SocketTransport, isUnix: boolean): string | undefined {
    if (this.#sessions.count >= this.settings.maxclients) return TOO_MANY;
    const isExposed = this.settings.protectedMode && !isUnix && !isLoopback(transport);
    return isExposed && !this.#hasPassword() ? PROTECTED : undefined;
  }

  #start(transport: SocketTransport, session: Session): void {
    this.#active.set(transport, session);
    this.#count(Exchange.CONNECTIONS_RECEIVED);
    transport.keepAlive(this.settings.tcpKeepaliveSeconds);
    transport.events = {
      data: (chunk, bytes) => this.#sessions.receive(session, chunk, bytes),
      drain: () => this.#sessions.drained(session),
      close: () => this.#gone(transport),
    };
    transport.resume();
  }

  /** Closes sessions that have been idle for longer than `timeout`. */
  sweepIdle(nowMs: number): void {
    const { timeoutSeconds } = this.settings;
    if (timeoutSeconds === 0 || nowMs < this.#nextSweepMs) return;
    this.#nextSweepMs = nowMs + 1000;
    const oldest = nowMs - timeoutSeconds * 1000;
    for (const session of [...this.#active.values()]) {
      if (session === undefined || session.waiting || session.lastActiveMs > oldest) continue;
      this.#sessions.close(session);
    }
  }

  /** Closes all connections; resolves when the last one is gone. */
  async closeAll(): Promise<void> {
    for (const [transport, session] of [...this.#active]) {
      if (session !== undefined) this.#sessions.close(session);
      transport.close();
    }
    if (this.#active.size === 0) return this.#handshakes.stop();
    const timer = setTimeout(() => {
      for (const transport of this.#active.keys()) transport.destroy();
    }, STOP_DEADLINE_MS);
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    clearTimeout(timer);
    this.#handshakes.stop();
  }

  #gone(transport: SocketTransport): void {
    const session = this.#active.get(transport);
    this.#active.delete(transport);
    if (session !== undefined) this.#sessions.transportClosed(session);
    if (this.#active.size === 0) this.#idle?.();
  }

  #countRefusal(): void {
    this.#count(Exchange.CONNECTIONS_RECEIVED);
    this.#count(Exchange.CONNECTIONS_REJECTED);
  }

  #refuse(transport: SocketTransport, text: string): void {
    this.#countRefusal();
    transport.write(Buffer.from(text));
    transport.close();
  }

  #count(fact: number): void {
    this.#sessions.engine.addFact(fact, 1);
  }
}

function flagsOf(transport: SocketTransport, unixPath: string | undefined): number {
  if (unixPath !== undefined) return SessionFlag.UNIX_SOCKET;
  return isLoopback(transport) ? SessionFlag.NONE : SessionFlag.REMOTE;
}

function isLoopback(transport: SocketTransport): boolean {
  const ip = transport.remoteIp ?? "";
  return ip === "::1" || /^(::ffff:)?127\./.test(ip);
}
