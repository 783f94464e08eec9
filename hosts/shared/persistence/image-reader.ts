/**
 * Reads an image into a memory: every checksum is checked, every page comes exactly once. What is
 * wrong is told with the file and the place in it; the memory is worthless then.
 */
import {
  DATA_ROOT,
  HEAP_BASE,
  LAYOUT_VERSION,
  MODULE_BASE,
  PAGE_BITS,
  PAGE_BYTES,
  PAGE_TABLE,
} from "../../../assembly/abi.js";
import { BRING_BACK } from "../reason.js";
import {
  BLOCK_BYTES,
  BLOCK_HEADER_BYTES,
  type BlockHeader,
  HEADER_BYTES,
  type ImageHeader,
  parseBlock,
  parseHeader,
  RECORD_BYTES,
} from "./image-format.js";
import type { ReadFile, Storage } from "./storage.js";

/** Raw inflate; answers at most `capacityBytes` bytes, or throws. */
export type Inflate = (bytes: Uint8Array, capacityBytes: number) => Promise<Uint8Array>;

/** Says of an image what is wrong with it and where, and what to do. */
export class ImageError extends Error {
  constructor(place: string, name: string, offset: number, reason: string, help: string) {
    super(`${name} in ${place} cannot be used, at byte ${offset}: ${reason}; ${help}`);
  }
}

export const MORE_MEMORY = "give the engine more, with engine-memory";

export class ImageReader {
  readonly header: ImageHeader;
  /** Pages placed so far. */
  pages = 0;
  readonly #file: ReadFile;
  readonly #place: string;
  readonly #inflate: Inflate | undefined;
  /** One bit a page: has it come? */
  readonly #seen: Uint8Array;
  #at = HEADER_BYTES;
  #blocks = 0;

  private constructor(file: ReadFile, place: string, inflate: Inflate | undefined) {
    this.#file = file;
    this.#place = place;
    this.#inflate = inflate;
    const bytes = new Uint8Array(HEADER_BYTES);
    const length = file.read(0, bytes);
    this.header = this.#checked(0, () => parseHeader(bytes.subarray(0, length)));
    const pages = Math.min(this.header.endPage, 1 << (32 - PAGE_BITS));
    this.#seen = new Uint8Array((pages + 7) >>> 3);
  }

  static async open(storage: Storage, name: string, inflate?: Inflate): Promise<ImageReader> {
    const file = await storage.openRead(name);
    try {
      return new ImageReader(file, storage.place, inflate);
    } catch (cause) {
      file.close();
      throw cause;
    }
  }

  /**
   * Places all pages; `onProgress` is called between blocks and may wait (so that a loop goes on).
   */
  async place(
    memory: Uint8Array,
    onProgress?: (pages: number) => Promise<void> | undefined,
  ): Promise<void> {
    if (this.header.endPage * PAGE_BYTES > memory.length) {
      const megabytes = Math.ceil((this.header.endPage * PAGE_BYTES) / 1024 ** 2);
      const reason = `it needs ${megabytes} MiB of memory, more than the engine was given`;
      throw this.error(0, reason, MORE_MEMORY);
    }
    const buffer = new Uint8Array(Math.min(BLOCK_BYTES, this.#file.bytes));
    for (;;) {
      const bytes = buffer.subarray(0, this.#file.read(this.#at, buffer));
      const block = this.#checked(this.#at, () => parseBlock(bytes));
      if (block.isFooter) {
        this.#checkFooter(block);
        return;
      }
      if (block.index !== this.#blocks) throw this.error(this.#at, "a block is missing");
      const end = BLOCK_HEADER_BYTES + block.storedBytes;
      await this.#placeBlock(bytes.subarray(BLOCK_HEADER_BYTES, end), block, memory);
      this.#at += end;
      this.#blocks++;
      await onProgress?.(this.pages);
    }
  }

  /** Bytes of the whole image. */
  get fileBytes(): number {
    return this.#file.bytes;
  }

  close(): void {
    this.#file.close();
  }

  async #placeBlock(
    stored: Uint8Array,
    { records }: BlockHeader,
    memory: Uint8Array,
  ): Promise<void> {
    const plainBytes = records * RECORD_BYTES;
    const plain = stored.length === plainBytes ? stored : await this.#inflated(stored, plainBytes);
    const view = new DataView(plain.buffer, plain.byteOffset, plain.length);
    for (let at = 0; at < plainBytes; at += RECORD_BYTES) {
      const page = view.getUint32(at, true);
      this.#admit(page);
      memory.set(plain.subarray(at + 4, at + RECORD_BYTES), page * PAGE_BYTES);
    }
    this.pages += records;
  }

  async #inflated(stored: Uint8Array, plainBytes: number): Promise<Uint8Array> {
    if (this.#inflate === undefined)
      throw this.error(this.#at, "compressed images are not read here");
    const plain = await this.#inflate(stored, plainBytes).catch(() => undefined);
    if (plain?.length === plainBytes) return plain;
    throw this.error(this.#at, "its compressed bytes are damaged");
  }

  /** A page may only be one that can hold data, and come once. */
  #admit(page: number): void {
    const mask = 1 << (page & 7);
    const isNew = page < this.header.endPage && ((this.#seen[page >>> 3] as number) & mask) === 0;
    if (!isNew || !this.#mayHoldData(page)) throw this.error(this.#at, `page ${page} has no place`);
    this.#seen[page >>> 3] = (this.#seen[page >>> 3] as number) | mask;
  }

  /** Where an older layout keeps its data is its own business. */
  #mayHoldData(page: number): boolean {
    if (this.header.layoutVersion !== LAYOUT_VERSION) return true;
    const address = page * PAGE_BYTES;
    const isTable = address >= PAGE_TABLE && address < MODULE_BASE;
    return address === DATA_ROOT || isTable || address >= HEAP_BASE;
  }

  #checkFooter({ index, records }: BlockHeader): void {
    const { pages } = this.header;
    if (index !== this.#blocks || records !== this.pages || pages !== this.pages) {
      throw this.error(this.#at, `it holds ${this.pages} pages, but should hold ${pages}`);
    }
    const end = this.#at + BLOCK_HEADER_BYTES;
    if (this.#file.bytes !== end) throw this.error(end, "there are bytes after its end");
  }

  #checked<Result>(at: number, parse: () => Result): Result {
    try {
      return parse();
    } catch (cause) {
      throw this.error(at, cause instanceof Error ? cause.message : String(cause));
    }
  }

  /** An error that names the file and the place in it. */
  error(at: number, reason: string, help = BRING_BACK): ImageError {
    return new ImageError(this.#place, this.#file.name, at, reason, help);
  }
}
