/**
 * The port for watchers: `/metrics` for Prometheus, `/healthz` for whoever restarts servers. Its
 * sockets come from the listener of `metrics-port`; nobody signs in, no key or value is shown.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type RawReply, Status } from "../shared/protocol/resp.js";
import { metricsPage, pageWhileDown } from "./metrics.js";

/** A request that is not whole by then is refused, a connection without one is closed. */
const REQUEST_MS = 10_000;
/** More connections than this are closed at once. */
const MOST_CONNECTIONS = 100;
/** What is the matter, in the answer to /healthz. */
const HEALTHY = "ok\n";
const LOADING = "loading\n";
const DOWN = "down\n";

export interface MetricsServerOptions {
  isLoading: () => boolean;
  /** Runs commands, one after another; throws where the engine cannot. */
  run: (commands: readonly string[][]) => RawReply[];
}

export class MetricsServer {
  readonly #options: MetricsServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: MetricsServerOptions) {
    this.#options = options;
    this.#server = createServer(
      { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
      (request, response) => this.#answer(request, response),
    );
  }

  take(socket: Socket): void {
    socket.on("error", () => {});
    if (this.#sockets.size >= MOST_CONNECTIONS) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.setTimeout(REQUEST_MS, () => socket.destroy());
    this.#server.emit("connection", socket);
    socket.resume();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? "").split("?")[0];
    request.resume();
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      send(response, 405, "text/plain", "only GET is answered\n");
    } else if (path === "/metrics") {
      send(response, 200, "text/plain; version=0.0.4", this.#metrics());
    } else if (path === "/healthz") {
      const health = this.#health();
      send(response, health === HEALTHY ? 200 : 503, "text/plain", health);
    } else {
      send(response, 404, "text/plain", "here are /metrics and /healthz\n");
    }
  }

  #health(): string {
    if (this.#options.isLoading()) return LOADING;
    try {
      const [reply] = this.#options.run([["PING"]]);
      return reply instanceof Status && reply.text === "PONG" ? HEALTHY : DOWN;
    } catch {
      return DOWN;
    }
  }

  #metrics(): string {
    const isLoading = this.#options.isLoading();
    if (isLoading) return pageWhileDown(true);
    try {
      const [info, parameters, entries, latest, spikes] = this.#options.run([
        ["INFO", "everything"],
        ["CONFIG", "GET", "maxmemory", "maxclients", "databases"],
        ["SLOWLOG", "LEN"],
        ["SLOWLOG", "GET", "1"],
        ["LATENCY", "LATEST"],
      ]);
      return metricsPage({
        info: textOf(info),
        parameters: pairsOf(parameters),
        nowMs: Date.now(),
        slow: slowOf(entries, latest),
        spikes: spikesOf(spikes),
      });
    } catch {
      return pageWhileDown(false);
    }
  }
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    "Content-Type": `${type}; charset=utf-8`,
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
    // Whoever asks twice a minute needs no connection kept, and a closed port is closed.
    Connection: "close",
  });
  response.end(text);
}

function textOf(reply: RawReply | undefined): string {
  return reply instanceof Uint8Array ? `${Buffer.from(reply)}` : "";
}

function pairsOf(reply: RawReply | undefined): Map<string, string> {
  const texts = Array.isArray(reply) ? reply.map(textOf) : [];
  const pairs = new Map<string, string>();
  for (let i = 0; i + 1 < texts.length; i += 2) pairs.set(texts[i] ?? "", texts[i + 1] ?? "");
  return pairs;
}

/** Replies of SLOWLOG LEN and SLOWLOG GET 1: [[id, time, microseconds, ...]]. */
function slowOf(entries: RawReply | undefined, latest: RawReply | undefined) {
  const [first] = Array.isArray(latest) ? latest : [];
  const [id, , microseconds] = Array.isArray(first) ? first : [];
  return {
    entries: Number(entries),
    lastId: Number(id ?? 0),
    lastMicroseconds: Number(microseconds ?? 0),
  };
}

/** The reply of LATENCY LATEST: [[event, time, milliseconds, most]]. */
function spikesOf(reply: RawReply | undefined) {
  const events = Array.isArray(reply) ? reply : [];
  return events.map((entry) => {
    const [event, seconds, milliseconds] = Array.isArray(entry) ? entry : [];
    return {
      event: textOf(event),
      seconds: Number(seconds),
      milliseconds: Number(milliseconds),
    };
  });
}
