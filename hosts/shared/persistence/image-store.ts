/**
 * The images of a data directory: makes them, keeps the engine that wrote them, removes those that
 * are no longer needed.
 */
import type { Engine } from "../engine.js";
import { removeUnfinished } from "./arrival.js";
import type { Manifest } from "./manifest.js";
import type { BegunImage } from "./saves.js";
import { Snapshot, type SnapshotOptions } from "./snapshot.js";
import { type Storage, TEMPORARY } from "./storage.js";

/** The engine as a file, which a directory keeps beside the images that it wrote. */
export interface EngineFile {
  /** 32 hexadecimal digits. */
  readonly hash: string;
  readonly bytes: () => Promise<Uint8Array>;
}

type Loop = Pick<SnapshotOptions, "now" | "clock" | "defer" | "inputBytes" | "hold" | "allocate">;

export interface ImageStoreOptions extends Loop {
  engineFile: EngineFile;
  /** Raw deflate, used while `compresses` says so. */
  deflate?: (bytes: Uint8Array) => Promise<Uint8Array>;
}

export function engineFileName(hash: string): string {
  return `engine-${hash}.wasm`;
}

export class ImageStore {
  /** Whether the next image is compressed. */
  compresses = false;
  readonly #options: ImageStoreOptions;

  constructor(options: ImageStoreOptions) {
    this.#options = options;
  }

  /**
   * Cuts an image of an engine at its present position; only between two calls of the engine.
   * `durable` is the file and its engine; a manifest must name it before older files may go.
   */
  begin(storage: Storage, engine: Engine): BegunImage {
    const { engineFile, deflate, ...loop } = this.#options;
    const snapshot = new Snapshot({
      ...loop,
      storage,
      engine,
      engineHash: engineFile.hash,
      deflate: this.compresses ? deflate : undefined,
    });
    const durable = this.#keepEngine(storage).then(
      () => snapshot.done,
      async (cause: unknown) => {
        await snapshot.abort("the engine could not be stored");
        throw cause;
      },
    );
    durable.catch(() => {});
    return { snapshot, durable };
  }

  /** Removes images and engines that a manifest, which is durable, does not need. */
  async removeOthers(storage: Storage, { image }: Manifest): Promise<void> {
    const kept = [image?.name, engineFileName(this.#options.engineFile.hash)];
    for (const name of await storage.list()) {
      if (/^(image-.*\.quire|engine-.*\.wasm)$/.test(name) && !kept.includes(name)) {
        await storage.remove(name);
      }
    }
  }

  async #keepEngine(storage: Storage): Promise<void> {
    const { hash, bytes } = this.#options.engineFile;
    const name = engineFileName(hash);
    const names = await storage.list();
    if (!names.includes(name)) await storage.replace(name, await bytes());
  }
}

/** Removes what a process that ended early has left; only before anything is written. */
export async function removeRubbish(storage: Storage): Promise<void> {
  await removeUnfinished(storage);
  for (const name of await storage.list()) {
    if (name.startsWith(TEMPORARY)) await storage.remove(name);
  }
}
