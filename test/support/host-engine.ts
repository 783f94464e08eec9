// The engine under the host's own classes, without sockets: for tests of what is built on them.
import { Engine } from "../../hosts/shared/engine";
import { Pipeline } from "../../hosts/shared/rdb/pipeline";
import { Sessions } from "../../hosts/shared/sessions";
import { moduleOf } from "./engine";

export interface HostEngine {
  engine: Engine;
  sessions: Sessions;
  pipeline: Pipeline;
  effects: () => string;
}

/** Milliseconds since 1970 that every such engine's clock shows. */
export const NOW_MS = 1_700_000_000_000;

export function hostEngine(memoryBytes = 256 * 1024 * 1024): HostEngine {
  const engine = Engine.create(moduleOf("engine.wasm"), { memoryBytes, seed: [1, 2, 3, 4] });
  const effects: Buffer[] = [];
  const sessions = new Sessions(engine, {
    now: () => NOW_MS,
    defer: (run) => void setImmediate(run),
    later: (run, delayMs) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    onTrap: (trap) => {
      throw trap;
    },
    onEffects: (source, address, bytes) => {
      effects.push(Buffer.from(source.slice(address, address + bytes)));
    },
  });
  const pipeline = new Pipeline(sessions);
  return {
    engine,
    sessions,
    pipeline,
    effects: () => Buffer.concat(effects.splice(0)).toString("latin1"),
  };
}
