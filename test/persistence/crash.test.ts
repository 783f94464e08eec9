/** Kills of a server under load; QUIRE_SCALE makes more of them, QUIRE_SEED others. */
import { expect, it } from "vitest";
import { CrashLane } from "../support/crash-lane.js";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);
const SEED = Number(process.env.QUIRE_SEED ?? 1);
const LANES = 4;
const KILLS = Math.max(1, Math.round(50 * SCALE));

it(
  `nothing answered is lost in ${LANES * KILLS} kills (QUIRE_SEED=${SEED})`,
  async () => {
    let kills = 0;
    const lane = async (_: unknown, index: number) => {
      let left = KILLS;
      await new CrashLane(SEED * 1000 + index).run(() => left-- > 0);
      kills += KILLS;
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    expect(kills).toBe(LANES * KILLS);
  },
  600_000 * Math.max(1, SCALE),
);
