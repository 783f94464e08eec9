/**
 * What a store inside a program keeps: the data and what the engine asks for it. Parameters come
 * from the engine, as CONFIG knows them; those that say how data is kept are applied here.
 */
import { Request } from "../../assembly/abi.js";
import type { EngineRequest } from "./engine.js";
import { type Run, runInternally } from "./internal.js";
import {
  KeptData,
  type KeptDataOptions,
  type KeptSettings,
  type Medium,
} from "./persistence/kept-data.js";
import type { SyncPolicy } from "./persistence/log-writer.js";
import type { Answer } from "./sessions.js";

/** What a store does that keeps its data, unless it is told otherwise. */
export const KEPT_DEFAULTS = {
  appendonly: "yes",
  save: ["3600", "1", "300", "100", "60", "10000"],
};

const NAMES = [
  "appendonly",
  "appendfsync",
  "aof-load-truncated",
  "image-compression",
  "save",
  "auto-aof-rewrite-percentage",
  "auto-aof-rewrite-min-size",
];

const STAYS =
  "ERR CONFIG SET failed (possibly related to argument 'dir') - a store stays where it was opened";

export class StoreData {
  readonly kept: KeptData;
  readonly #options: KeptDataOptions;
  readonly #medium: Medium;
  #values = new Map<string, string>();
  /** All of the data is there. */
  #isOpen = false;

  constructor(medium: Medium, options: Omit<KeptDataOptions, "tools">) {
    this.#medium = medium;
    this.#options = { ...options, tools: medium };
    this.kept = new KeptData(this.#options);
  }

  async open(): Promise<void> {
    this.#values = runInternally(this.#options.sessions(), readValues);
    const { storage, foreign } = this.#medium;
    await this.kept.open(settingsOf(this.#values), storage, foreign);
    this.#isOpen = true;
  }

  /** After a trap: loads everything again. */
  async recover(position: number): Promise<void> {
    this.#isOpen = false;
    await this.kept.recover(position);
    this.#isOpen = true;
  }

  answer(request: EngineRequest): Answer | Promise<Answer> | undefined {
    const { kept } = this;
    switch (request.kind) {
      case Request.CONFIGURE:
        return this.#configure(request.text.split("\0"));
      case Request.SAVE:
        return kept.saves.save();
      case Request.BACKGROUND_SAVE:
        return kept.saves.background();
      case Request.REWRITE_LOG:
        return kept.rewrites.ask();
      case Request.WAIT_LOG:
        return kept.wait(this.#options.sessions().engine.position(), request.number);
      default:
        return undefined;
    }
  }

  /** Names and values of CONFIG SET, one after the other. */
  #configure(words: readonly string[]): Answer | Promise<Answer> {
    const values = new Map(this.#values);
    for (let i = 0; i + 1 < words.length; i += 2) values.set(words[i] ?? "", words[i + 1] ?? "");
    // While the data is loaded parameters are brought back, which hold already.
    if (!this.#isOpen) return { ok: true };
    if (values.has("dir")) return { ok: false, text: STAYS };
    const applied = this.kept.apply(settingsOf(values));
    if (values.get("appendonly") === this.#values.get("appendonly")) {
      this.#values = values;
      return { ok: true };
    }
    return applied.then(
      () => {
        this.#values = values;
        return { ok: true };
      },
      (cause: Error) => {
        this.#options.warning(`CONFIG SET failed: ${cause.message}`);
        return { ok: false, text: `ERR CONFIG SET failed - ${cause.message}` };
      },
    );
  }

  /** Ends durably: by the log, or without one by a last image where save points want images. */
  async close(): Promise<void> {
    try {
      if (this.#isOpen && !this.kept.hasLog) await this.#saveLast();
    } finally {
      this.#isOpen = false;
      await this.kept.close();
    }
  }

  async #saveLast(): Promise<void> {
    if (this.#options.sessions().engine.trap !== undefined) return;
    const refusal = await this.kept.saves.beforeStop([]);
    if (refusal !== undefined) throw new Error("the data could not be saved; the log says why");
  }
}

function readValues(run: Run): Map<string, string> {
  const reply = run(["CONFIG", "GET", ...NAMES]);
  const words = Array.isArray(reply) ? reply : [];
  const texts = words.map((each) => (each instanceof Uint8Array ? textOf(each) : ""));
  const values = new Map<string, string>();
  for (let i = 0; i + 1 < texts.length; i += 2) values.set(texts[i] ?? "", texts[i + 1] ?? "");
  return values;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function settingsOf(values: ReadonlyMap<string, string>): KeptSettings {
  return {
    appendonly: values.get("appendonly") === "yes",
    appendfsync: (values.get("appendfsync") ?? "everysec") as SyncPolicy,
    cutsTornEnd: values.get("aof-load-truncated") === "yes",
    imageCompression: values.get("image-compression") === "yes",
    save: values.get("save") ?? "",
    rewritePercentage: Number(values.get("auto-aof-rewrite-percentage")),
    rewriteBytes: Number(values.get("auto-aof-rewrite-min-size")),
  };
}
