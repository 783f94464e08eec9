// What the sections that measure servers share: laying down data, and processor time that is fresh.
import { processorSeconds, type Server } from "./servers.js";

/** Commands in one write while data are laid down. */
const BATCH = 1000;

/** Sends commands of which each answers one line. */
export async function fill(server: Server, count: number, words: (index: number) => string[]) {
  for (let from = 0; from < count; from += BATCH) {
    const lines: string[] = [];
    const until = Math.min(from + BATCH, count);
    for (let index = from; index < until; index++) {
      const parts = words(index);
      lines.push(`*${parts.length}\r\n${parts.map((p) => `$${p.length}\r\n${p}\r\n`).join("")}`);
    }
    await server.load(Buffer.from(lines.join("")), until - from);
  }
}

/** A server refreshes what INFO says about its processor time this often at least. */
const REFRESH_MS = 250;

export async function settledSeconds(server: Server): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
  return processorSeconds(server);
}
