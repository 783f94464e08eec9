/**
 * What a whole audience is told: the engine names the sessions once and then hands over message
 * after message, which are gathered in one buffer. Only when their order against other output of
 * those sessions matters, or at the end of the turn, each session is given the gathered bytes, all
 * of them the same ones. So a message costs the same however many hear it.
 */
import { copyBytes } from "./copy.js";
import type { Session } from "./session.js";

/** With more than this gathered it is given away before the turn ends. */
const GATHERED_BYTES = 64 * 1024;

export class Broadcast {
  #audience: Session[] = [];
  #buffer = new Uint8Array(4096);
  #used = 0;
  readonly #give: (session: Session, bytes: Uint8Array) => void;

  /** `give` adds bytes, which must not be changed any more, to the output of a session. */
  constructor(give: (session: Session, bytes: Uint8Array) => void) {
    this.#give = give;
  }

  /** How many sessions hear what comes. */
  get listeners(): number {
    return this.#audience.length;
  }

  /** These sessions hear what comes from now on. */
  address(audience: Session[]): void {
    this.settle();
    this.#audience = audience;
  }

  /** Adds a message; source[address, address + bytes) is valid during the call. */
  add(source: Uint8Array, address: number, bytes: number): void {
    if (this.#used + bytes > GATHERED_BYTES) this.settle();
    if (bytes > GATHERED_BYTES) {
      this.#deliver(source.slice(address, address + bytes));
      return;
    }
    const wanted = this.#used + bytes;
    if (wanted > this.#buffer.length) {
      const larger = new Uint8Array(Math.min(GATHERED_BYTES, 2 * wanted));
      larger.set(this.#buffer.subarray(0, this.#used));
      this.#buffer = larger;
    }
    copyBytes(source, address, this.#buffer, this.#used, bytes);
    this.#used = wanted;
  }

  /** Each listener is given what was gathered: other output of theirs is about to follow. */
  settle(): void {
    if (this.#used === 0) return;
    const bytes = this.#buffer.slice(0, this.#used);
    this.#used = 0;
    this.#deliver(bytes);
  }

  #deliver(bytes: Uint8Array): void {
    for (const session of this.#audience) {
      if (!session.closed && !session.closing) this.#give(session, bytes);
    }
  }

  /** Nobody hears it any more. */
  drop(): void {
    this.#used = 0;
    this.#audience = [];
  }
}
