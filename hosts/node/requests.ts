/** Answers what the engine asks of its host: CONFIG SET, CONFIG REWRITE, SHUTDOWN, saving. */
import { Request } from "../../assembly/abi.js";
import type { EngineRequest } from "../shared/engine.js";
import type { Answer } from "../shared/sessions.js";
import type { NodeData } from "./data.js";
import { isPortName } from "./endpoints.js";
import type { Log } from "./log.js";
import { rewriteFile, valuesOf } from "./rewrite.js";
import { RefusedSetting, readPairs } from "./settings.js";
import { TlsError } from "./tls-options.js";

const UNKNOWN_REQUEST: Answer = { ok: false, text: "ERR this host does not know that request" };

const TLS_REASON = "Unable to update TLS configuration";

export interface RequestHandlerOptions {
  /** The configuration file, when there is one. */
  file: string | undefined;
  apply: (pairs: readonly [string, string][]) => Promise<void>;
  /** The present value of a parameter; undefined when there is none of that name. */
  currentValue: (name: string) => string | undefined;
  /** The `user` lines for the configuration file. */
  users: () => readonly string[];
  data: NodeData;
  /** The position that the last call reached. */
  position: () => number;
  /** Writes the data set to the RDB file that the configuration names. */
  saveRdb: () => Promise<unknown>;
  stop: () => void;
  /** ACL LOAD and ACL SAVE. */
  aclFile: (request: EngineRequest) => Answer;
  /** Answers what is not answered here; undefined: nobody knows that request. */
  further: (request: EngineRequest) => Answer | Promise<Answer> | undefined;
  log: Log;
}

export class RequestHandler {
  /** Until the server listens, parameters are only remembered. */
  started = false;
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
        return this.#shutdown(request.text.split("\0"));
      case Request.SAVE:
        return this.#save();
      case Request.BACKGROUND_SAVE:
        return this.#options.data.saves.background();
      case Request.REWRITE_LOG:
        return this.#options.data.rewrites.ask();
      case Request.WAIT_LOG:
        return this.#options.data.wait(this.#options.position(), request.number);
      case Request.ACL_FILE:
        return this.#options.aclFile(request);
      default:
        return this.#options.further(request) ?? UNKNOWN_REQUEST;
    }
  }

  /** SAVE: an image, and the RDB file that `rdb-on-save` asks for. */
  async #save(): Promise<Answer> {
    const { data, currentValue, saveRdb, log } = this.#options;
    if (currentValue("rdb-on-save") === "yes") {
      try {
        await saveRdb();
      } catch (cause) {
        log.warning(`SAVE: ${(cause as Error).message}`);
        return { ok: false, text: "ERR" };
      }
    }
    return data.saves.save();
  }

  #configure(text: string): Answer | Promise<Answer> {
    const pairs = readPairs(text);
    if (!this.started) return isMove(pairs) ? { ok: false, text: LOADING } : { ok: true };
    return this.#options.apply(pairs).then(
      () => ({ ok: true }),
      (cause: Error) => {
        this.#options.log.warning(`CONFIG SET failed: ${cause.message}`);
        const names = pairs.map(([name]) => name);
        return { ok: false, text: refusal(names, cause) };
      },
    );
  }

  #rewrite(text: string): Answer {
    const { file, log, currentValue, users } = this.#options;
    if (file === undefined) {
      return { ok: false, text: "ERR The server is running without a config file" };
    }
    try {
      rewriteFile(file, valuesOf(readPairs(text)), currentValue, users());
      log.notice("CONFIG REWRITE executed with success.");
      return { ok: true };
    } catch (cause) {
      log.warning(`CONFIG REWRITE failed: ${(cause as Error).message}`);
      return { ok: false, text: `ERR Rewriting config file: ${(cause as Error).message}` };
    }
  }

  /** The connection closes without a reply, as the last thing that happens. */
  async #shutdown(options: readonly string[]): Promise<Answer> {
    this.#options.log.notice("User requested shutdown...");
    const refusal = await this.#options.data.beforeStop(options);
    if (refusal !== undefined) return { ok: false, text: refusal };
    setImmediate(this.#options.stop);
    return new Promise(() => {});
  }
}

/** Redis's line for a parameter that could not be applied. */
function refusal(names: readonly string[], cause: Error): string {
  const start = "ERR CONFIG SET failed (possibly related to argument '";
  if (cause instanceof RefusedSetting) return `${start}${cause.parameter}') - ${cause.reason}`;
  const isMeant = cause instanceof TlsError ? isOfTls : isOfAddress;
  const name = names.find(isMeant) ?? names[0] ?? "";
  const reason = `${cause instanceof TlsError ? TLS_REASON : reasonFor(name)}. Check server logs.`;
  return `${start}${name}') - ${reason}`;
}

/** What is being loaded cannot move. */
const LOADING = refusal(["dir"], new RefusedSetting("dir", "the data set is being loaded"));

function isMove(pairs: readonly [string, string][]): boolean {
  return pairs.some(([name]) => name === "dir");
}

function isOfTls(name: string): boolean {
  return name.startsWith("tls-");
}

function isOfAddress(name: string): boolean {
  return name === "bind" || isPortName(name);
}

function reasonFor(name: string): string {
  if (name.endsWith("port")) return "Unable to listen on this port";
  if (name === "bind") return "Failed to bind to specified addresses";
  return "It cannot be applied";
}
