/** Images of a server: where they are kept, and when they are made. */

import type { EngineFile } from "../shared/persistence/image-store.js";
import { ImageStore } from "../shared/persistence/image-store.js";
import { writeManifest } from "../shared/persistence/manifest.js";
import { type BegunImage, parseSavePoints, Saves } from "../shared/persistence/saves.js";
import type { Sessions } from "../shared/sessions.js";
import { deflate } from "./compression.js";
import type { Log } from "./log.js";
import type { Settings } from "./settings.js";
import { NodeStorage } from "./storage.js";

const NO_ENGINE = { hash: "0".repeat(32), bytes: async () => new Uint8Array(0) };

export class NodeImages {
  readonly saves: Saves;
  readonly #store: ImageStore;
  readonly #sessions: () => Sessions;
  #storage = new NodeStorage("./data");

  constructor(engineFile: EngineFile | undefined, sessions: () => Sessions, log: Log) {
    this.#sessions = sessions;
    const hold = (held: boolean) => {
      if (held) return sessions().freeze();
      sessions().unfreeze();
      sessions().thaw();
    };
    this.#store = new ImageStore({
      engineFile: engineFile ?? NO_ENGINE,
      now: Date.now,
      clock: () => performance.now(),
      defer: setImmediate,
      inputBytes: () => sessions().inputBytes,
      hold,
      allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
      deflate,
    });
    this.saves = new Saves({
      engine: () => sessions().engine,
      now: Date.now,
      begin: () => this.#begin(),
      hold,
      notice: (text) => log.notice(text),
      warning: (text) => log.warning(text),
    });
  }

  use(settings: Settings): void {
    this.#storage = new NodeStorage(settings.dir);
    this.#store.compresses = settings.imageCompression;
    this.saves.points = parseSavePoints(settings.save);
  }

  #begin(): BegunImage {
    const storage = this.#storage;
    const { snapshot, durable } = this.#store.begin(storage, this.#sessions().engine);
    const named = durable.then(async (image) => {
      const { name, history, offset } = image;
      const manifest = { history, image: { name, offset }, segments: [] };
      await writeManifest(storage, manifest);
      await this.#store.removeOthers(storage, manifest);
      return image;
    });
    return { snapshot, durable: named };
  }
}
