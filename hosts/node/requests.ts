/** Answers what the engine asks of its host: CONFIG SET, CONFIG REWRITE, SHUTDOWN. */
import { Request } from "../../assembly/abi.js";
import type { EngineRequest } from "../shared/engine.js";
import type { Answer } from "../shared/sessions.js";
import type { Log } from "./log.js";
import { rewriteFile } from "./rewrite.js";
import { readPairs } from "./settings.js";

export interface RequestHandlerOptions {
  /** The configuration file, when there is one. */
  file: string | undefined;
  apply: (pairs: readonly [string, string][]) => Promise<void>;
  isParameter: (name: string) => boolean;
  stop: () => void;
  log: Log;
}

export class RequestHandler {
  /** Until the server listens, parameters are only remembered. */
  started = false;
  autoPort = false;
  readonly #options: RequestHandlerOptions;

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
  }

  answer(request: EngineRequest): Answer | Promise<Answer> {
    switch (request.kind) {
      case Request.CONFIGURE:
        return this.#configure(request.text);
      case Request.REWRITE_CONFIGURATION:
        return this.#rewrite(request.text);
      case Request.SHUTDOWN:
        return this.#shutdown();
      default:
        return { ok: false, text: "ERR this host does not know that request" };
    }
  }

  #configure(text: string): Answer | Promise<Answer> {
    if (!this.started) return { ok: true };
    const pairs = readPairs(text);
    return this.#options.apply(pairs).then(
      () => ({ ok: true }),
      (cause: Error) => {
        this.#options.log.warning(`CONFIG SET failed: ${cause.message}`);
        const names = pairs.map(([name]) => name);
        const name = names.find((each) => each === "port" || each === "bind") ?? names[0];
        return {
          ok: false,
          text:
            `ERR CONFIG SET failed (possibly related to argument '${name}') - ` +
            `${reasonOf(name)}. Check server logs.`,
        };
      },
    );
  }

  #rewrite(text: string): Answer {
    const { file, log, isParameter } = this.#options;
    if (file === undefined) {
      return { ok: false, text: "ERR The server is running without a config file" };
    }
    try {
      rewriteFile(file, readPairs(text), isParameter);
      log.notice("CONFIG REWRITE executed with success.");
      return { ok: true };
    } catch (cause) {
      log.warning(`CONFIG REWRITE failed: ${(cause as Error).message}`);
      return { ok: false, text: `ERR Rewriting config file: ${(cause as Error).message}` };
    }
  }

  /** The connection closes without a reply, as the last thing that happens. */
  #shutdown(): Promise<Answer> {
    this.#options.log.notice("User requested shutdown...");
    setImmediate(this.#options.stop);
    return new Promise(() => {});
  }
}

function reasonOf(name: string | undefined): string {
  if (name === "port") return "Unable to listen on this port";
  if (name === "bind") return "Failed to bind to specified addresses";
  return "It cannot be applied";
}
