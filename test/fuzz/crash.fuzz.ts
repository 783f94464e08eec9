// Kills a server under load, again and again, and checks what it finds at the next start.
import { CrashLane } from "../support/crash-lane.js";

interface Options {
  seed: number;
  seconds: number;
  log: (line: string) => void;
}

export async function fuzz({ seed, seconds, log }: Options): Promise<void> {
  const endMs = Date.now() + seconds * 1000;
  let kills = 0;
  const goesOn = () => {
    if (Date.now() >= endMs) return false;
    kills++;
    return true;
  };
  await Promise.all([0, 1, 2, 3].map((lane) => new CrashLane(seed * 4 + lane).run(goesOn)));
  log(`crash: ${kills} kills`);
}
