/**
 * DEBUG LOADAOF: image and log are loaded into an engine aside, whose commands are then given to
 * the engine in use, emptied before. So its sessions stay, and nobody sees what is between. Until
 * it is emptied nothing has changed; what goes wrong after that is a HalfLoaded.
 */
import { Exchange } from "../../../assembly/abi.js";
import type { Engine } from "../engine.js";
import { Sessions } from "../sessions.js";
import { loadDataSet } from "./load.js";
import type { Manifest } from "./manifest.js";
import type { PersistenceOptions } from "./persistence.js";
import type { Storage } from "./storage.js";
import { Replay } from "./versions.js";

const STEPS = 64;

/** The engine in use holds neither what it held nor what it was to hold: files do. */
export class HalfLoaded extends Error {}

/** Loads what the manifest names, up to the end of its log, in place of what `sessions` have. */
export async function reloadLog(
  manifest: Manifest,
  storage: Storage,
  options: PersistenceOptions,
  databases: number,
): Promise<void> {
  const { sessions } = options;
  let take = (_: Uint8Array): void => {};
  const aside = await loadAside(manifest, storage, options, databases, (bytes) => take(bytes));
  const [loaded, expected] = [aside.engine.position(), sessions.engine.position()];
  if (loaded !== expected) {
    throw new Error(`the files in ${storage.place} end at position ${loaded}, not at ${expected}`);
  }
  // Clients wait; what is done here does not.
  sessions.asUnfrozen(() => {
    replaceBy(sessions, (replay) => {
      take = (bytes) => replay.feed(bytes);
      let cursor = 0;
      do {
        cursor = aside.run((engine) => engine.exportCommands(cursor, STEPS)) ?? 0;
      } while (cursor !== 0);
    });
  });
}

/** Empties the engine in use and has it filled; none of that is an effect. */
function replaceBy(sessions: Sessions, fill: (replay: Replay) => void): void {
  const replay = new Replay(sessions);
  try {
    replay.feed(new TextEncoder().encode("*2\r\n$8\r\nFLUSHALL\r\n$4\r\nSYNC\r\n"));
    fill(replay);
    if (replay.refusal !== undefined) throw new HalfLoaded(replay.refusal);
    sessions.engine.setFact(Exchange.CHANGES_SINCE_SAVE, 0);
  } finally {
    replay.close();
  }
}

async function loadAside(
  manifest: Manifest,
  storage: Storage,
  options: PersistenceOptions,
  databases: number,
  onExport: (bytes: Uint8Array) => void,
): Promise<Sessions> {
  const { engines, now, defer } = options;
  const fresh = (): Engine => {
    const engine = engines.link();
    engine.format({ databases });
    return engine;
  };
  const aside = new Sessions(fresh(), {
    now,
    defer,
    later: () => () => {},
    onTrap: (trap) => {
      throw trap;
    },
    onExport,
  });
  await loadDataSet(manifest, storage, {
    ...options,
    sessions: aside,
    engines: {
      link: engines.link,
      useFresh: () => aside.useEngine(fresh()),
      usePlaced: (engine) => {
        engine.attach({});
        aside.useEngine(engine);
      },
    },
  });
  return aside;
}
