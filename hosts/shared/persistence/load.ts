/** Loads a data set: the pages of its image, then the log behind it. */
import { Exchange } from "../../../assembly/abi.js";
import type { Engine } from "../engine.js";
import { unusable } from "../reason.js";
import { EngineTrap } from "../trap.js";
import { ImageError, ImageReader, MORE_MEMORY } from "./image-reader.js";
import { type LogEnd, LogReader } from "./log-reader.js";
import { replayLog } from "./log-replay.js";
import { endOfHistory, type Manifest } from "./manifest.js";
import type { PersistenceOptions } from "./persistence.js";
import type { Storage } from "./storage.js";
import { isOfThisLayout, translateImage } from "./versions.js";

const PROGRESS_MS = 1000;

export interface Loaded {
  end: LogEnd;
  imageBytes: number;
}

export async function loadDataSet(
  manifest: Manifest,
  storage: Storage,
  options: PersistenceOptions,
): Promise<Loaded> {
  const { sessions, clock, notice } = options;
  const startMs = clock();
  const progress = new Progress(options);
  const imageBytes = await placeImage(manifest, storage, options, progress);
  sessions.engine.startHistory(manifest.history, manifest.image?.offset ?? 0);
  const reader = new LogReader(storage, manifest, manifest.image?.offset ?? 0);
  progress.begin("log", () => reader.totalBytes);
  await replayLog(reader, { ...options, onProgress: (bytes) => progress.add(bytes) });
  sessions.engine.startHistory(manifest.history, reader.end.position);
  const seconds = ((clock() - startMs) / 1000).toFixed(3);
  notice(`DB loaded from ${sourceOf(manifest)}: ${seconds} seconds`);
  return { end: reader.end, imageBytes };
}

function sourceOf({ image, segments }: Manifest): string {
  const log = segments.length > 0 ? "append only file" : "";
  return [image?.name ?? "", log].filter((text) => text !== "").join(" and ") || "nothing";
}

async function placeImage(
  manifest: Manifest,
  storage: Storage,
  options: PersistenceOptions,
  progress: Progress,
): Promise<number> {
  const { image } = manifest;
  if (image === undefined) return 0;
  let reader: ImageReader | undefined;
  try {
    reader = await ImageReader.open(storage, image.name, options.inflate);
    const { header } = reader;
    const end = endOfHistory(manifest, header.history) ?? -1;
    if (header.offset !== image.offset || header.offset > end) {
      throw new Error("it is not the image that the manifest means");
    }
    progress.begin(image.name, () => header.pages);
    let placed = 0;
    const onPages = (pages: number) => {
      progress.add(pages - placed);
      placed = pages;
      return progress.pause();
    };
    if (isOfThisLayout(reader)) {
      const engine: Engine = options.engines.link();
      await reader.place(engine.bytes, onPages);
      usePlaced(engine, reader, options);
    } else {
      await translateImage(reader, storage, options.sessions, onPages);
    }
    return reader.fileBytes;
  } catch (cause) {
    if (cause instanceof ImageError || cause instanceof EngineTrap) throw cause;
    throw unusable(storage.place, image.name, cause);
  } finally {
    reader?.close();
  }
}

function usePlaced(engine: Engine, reader: ImageReader, options: PersistenceOptions): void {
  try {
    options.engines.usePlaced(engine);
  } catch (cause) {
    if (!(cause instanceof Error) || !cause.message.includes("more memory")) throw cause;
    throw reader.error(0, cause.message, MORE_MEMORY);
  }
}

/** Tells clients, and each second the log, how far the loading is; gives the loop its turns. */
class Progress {
  readonly #options: PersistenceOptions;
  #name = "";
  #total: () => number = () => 0;
  #done = 0;
  #nextLineMs: number;
  #sliceEndMs = 0;
  readonly #startMs: number;

  constructor(options: PersistenceOptions) {
    this.#options = options;
    this.#startMs = options.now();
    this.#nextLineMs = options.clock() + PROGRESS_MS;
  }

  begin(name: string, total: () => number): void {
    this.#name = name;
    this.#total = total;
    this.#done = 0;
    this.#publish();
  }

  add(amount: number): void {
    this.#done += amount;
    this.#publish();
    const nowMs = this.#options.clock();
    if (nowMs < this.#nextLineMs) return;
    this.#nextLineMs = nowMs + PROGRESS_MS;
    const percent = Math.floor((100 * this.#done) / Math.max(1, this.#total()));
    this.#options.notice(`Loading ${this.#name}: ${percent} %`);
  }

  pause(): Promise<void> | undefined {
    const nowMs = this.#options.clock();
    if (nowMs < this.#sliceEndMs) return undefined;
    this.#sliceEndMs = nowMs + 10;
    return new Promise((resolve) => this.#options.defer(resolve));
  }

  #publish(): void {
    const { engine } = this.#options.sessions;
    engine.setFact(Exchange.LOADING_START_MS, this.#startMs);
    engine.setFact(Exchange.LOADING_TOTAL, this.#total());
    engine.setFact(Exchange.LOADING_DONE, this.#done);
  }
}
