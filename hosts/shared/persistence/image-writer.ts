/**
 * Writes an image: pages come in one by one, from the sweep or out of turn from the write barrier,
 * and leave in blocks, one append at a time.
 *
 * `add` copies, and gives a block that is full its checksum (70 us): it never waits and never
 * throws for want of a block. The checksum is not left for later: a block leaves as soon as the
 * storage is free, and while it is in the cache reading it once more costs least. The file appears
 * under a temporary name and gets its own when it is whole and durable.
 */
import { PAGE_BITS, PAGE_BYTES } from "../../../assembly/abi.js";
import { BlockPool } from "./block-pool.js";
import {
  BLOCK_BYTES,
  BLOCK_HEADER_BYTES,
  BLOCK_RECORDS,
  type ImageHeader,
  RECORD_BYTES,
  renderHeader,
  sealBlock,
} from "./image-format.js";
import { type AppendFile, type Storage, TEMPORARY } from "./storage.js";

/** Blocks that leave in one append: some milliseconds, so that it seldom waits for the loop. */
const APPENDED_BLOCKS = 12;

/** What of a storage an image needs. */
export type ImagePlace = Pick<Storage, "create" | "rename" | "remove">;

export interface ImageWriterOptions {
  storage: ImagePlace;
  name: string;
  header: ImageHeader;
  /** Memory for blocks; what it holds does not matter. */
  allocate: (bytes: number) => Uint8Array;
  /** Raw deflate, off the loop where possible; blocks are stored as they are when left out. */
  deflate?: ((bytes: Uint8Array) => Promise<Uint8Array>) | undefined;
  /** A block has left; answers from what was written so far. */
  onProgress: () => void;
}

interface FullBlock {
  /** The whole block. */
  readonly bytes: Uint8Array;
  readonly records: number;
  /** How many of them came because they were about to change. */
  readonly dirtied: number;
}

export class ImageWriter {
  /** Pages that came in. */
  pages = 0;
  /** Bytes of the file so far. */
  writtenBytes = 0;
  /** The most dirtied pages that were here at once: in a block that fills or waits. */
  peakDirtied = 0;
  /** What has gone wrong; nothing more is written then. */
  failure: Error | undefined;
  readonly #options: ImageWriterOptions;
  readonly #pool: BlockPool;
  /** Those that wait for the storage, sealed unless they are to be deflated. */
  readonly #full: FullBlock[] = [];
  #block: Uint8Array;
  #records = 0;
  #dirtied = 0;
  #dirtiedHere = 0;
  #index = 0;
  #file: AppendFile | undefined;
  #opening: Promise<void> | undefined;
  #pumping: Promise<void> | undefined;

  constructor(options: ImageWriterOptions) {
    this.#options = options;
    this.#pool = new BlockPool(options.allocate);
    this.#block = this.#pool.take();
  }

  /** Blocks that wait for the storage, with those that are leaving. */
  get waitingBlocks(): number {
    return this.#pool.used - 1;
  }

  /** Bytes of memory that blocks have taken at most. */
  get peakBytes(): number {
    return this.#pool.peak * BLOCK_BYTES;
  }

  /** Copies a page of memory. */
  add(memory: Uint8Array, page: number): void {
    const at = BLOCK_HEADER_BYTES + this.#records * RECORD_BYTES;
    const block = this.#block;
    block[at] = page;
    block[at + 1] = page >>> 8;
    block[at + 2] = page >>> 16;
    block[at + 3] = 0;
    const from = page * (1 << PAGE_BITS);
    block.set(memory.subarray(from, from + PAGE_BYTES), at + 4);
    this.pages++;
    this.#records++;
    if (this.#records === BLOCK_RECORDS) this.#turnBlock();
  }

  /** As `add`, for a page that is about to change. */
  addDirtied(memory: Uint8Array, page: number): void {
    this.#dirtied++;
    if (++this.#dirtiedHere > this.peakDirtied) this.peakDirtied = this.#dirtiedHere;
    this.add(memory, page);
  }

  /** Starts to write what is ready, if nothing is being written. */
  pump(): void {
    if (this.#pumping !== undefined || this.failure !== undefined) return;
    if (this.#full.length === 0) return;
    this.#pumping = this.#writeReady().finally(() => {
      this.#pumping = undefined;
    });
  }

  /** All pages have come: writes the rest, makes the file durable and gives it its name. */
  async finish(): Promise<void> {
    if (this.#records > 0) this.#turnBlock();
    await this.#settle();
    const file = await this.#open();
    const footer = new Uint8Array(BLOCK_HEADER_BYTES);
    const header = { isFooter: true, index: this.#index, records: this.pages, storedBytes: 0 };
    sealBlock(footer, header);
    await file.appendLater(footer);
    await file.sync();
    this.writtenBytes = file.bytes;
    this.#file = undefined;
    await file.close();
    await this.#options.storage.rename(this.#temporaryName, this.#options.name);
  }

  /** Gives up: the file, as far as it came, is removed. */
  async abandon(): Promise<void> {
    this.failure ??= new Error("the image was given up");
    this.#full.length = 0;
    await this.#pumping;
    await this.#opening?.catch(() => {});
    if (this.#opening === undefined) return;
    await this.#file?.close().catch(() => {});
    this.#file = undefined;
    await this.#options.storage.remove(this.#temporaryName).catch(() => {});
  }

  get #temporaryName(): string {
    return `${TEMPORARY}${this.#options.name}`;
  }

  #turnBlock(): void {
    const bytes = this.#block;
    const records = this.#records;
    if (this.#options.deflate === undefined) {
      const storedBytes = records * RECORD_BYTES;
      sealBlock(bytes, { isFooter: false, index: this.#index++, records, storedBytes });
    }
    this.#full.push({ bytes, records, dirtied: this.#dirtied });
    this.#block = this.#pool.take();
    this.#records = 0;
    this.#dirtied = 0;
  }

  /** Waits until nothing is left to write; throws when writing has failed. */
  async #settle(): Promise<void> {
    while (this.failure === undefined && (this.#full.length > 0 || this.#pumping !== undefined)) {
      this.pump();
      await this.#pumping;
    }
    if (this.failure !== undefined) throw this.failure;
  }

  async #writeReady(): Promise<void> {
    try {
      const file = await this.#open();
      const { deflate } = this.#options;
      while (this.failure === undefined) {
        const isMore = deflate === undefined ? await this.#append(file) : await this.#pack(file);
        if (!isMore) return;
        this.writtenBytes = file.bytes;
        this.#options.onProgress();
      }
    } catch (cause) {
      this.failure ??= cause instanceof Error ? cause : new Error(String(cause));
      this.#options.onProgress();
    }
  }

  /** Appends what is full and sealed; false when nothing is. */
  async #append(file: AppendFile): Promise<boolean> {
    const blocks = this.#full.splice(0, APPENDED_BLOCKS);
    if (blocks.length === 0) return false;
    const pieces = blocks.map(({ bytes, records }) =>
      bytes.subarray(0, BLOCK_HEADER_BYTES + records * RECORD_BYTES),
    );
    await file.appendAllLater(pieces);
    for (const block of blocks) this.#giveBack(block);
    return true;
  }

  /** Appends one block, deflated where that makes it smaller; false when there is none. */
  async #pack(file: AppendFile): Promise<boolean> {
    const next = this.#full.shift();
    if (next === undefined) return false;
    const { bytes, records } = next;
    const plainBytes = records * RECORD_BYTES;
    const plain = bytes.subarray(BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES + plainBytes);
    const deflated = await this.#options.deflate?.(plain);
    let block = bytes;
    let storedBytes = plainBytes;
    if (deflated !== undefined && deflated.length < plainBytes) {
      storedBytes = deflated.length;
      block = new Uint8Array(BLOCK_HEADER_BYTES + storedBytes);
      block.set(deflated, BLOCK_HEADER_BYTES);
    }
    sealBlock(block, { isFooter: false, index: this.#index++, records, storedBytes });
    await file.appendLater(block.subarray(0, BLOCK_HEADER_BYTES + storedBytes));
    this.#giveBack(next);
    return true;
  }

  #giveBack({ bytes, dirtied }: FullBlock): void {
    this.#pool.give(bytes);
    this.#dirtiedHere -= dirtied;
  }

  async #open(): Promise<AppendFile> {
    this.#opening ??= this.#create();
    await this.#opening;
    if (this.#file === undefined) throw this.failure ?? new Error("the image is closed");
    return this.#file;
  }

  async #create(): Promise<void> {
    const { storage, header } = this.#options;
    this.#file = await storage.create(this.#temporaryName);
    await this.#file.appendLater(renderHeader(header));
  }
}
