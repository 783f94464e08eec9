/**
 * What makes a data set outlive its process: loads it from image and log, keeps the log, cuts
 * images. It owns the manifest and is the one that changes it.
 *
 * A segment without content always stands ready behind the one in use, so that an image can be cut
 * and the log go on in a fresh segment within one turn of the loop. Once the image is durable the
 * manifest names it and the segments from there on, and only then older files go: an image and a
 * rewrite of the log are the same thing.
 *
 * When the log fails its segment is abandoned: held replies become errors, writes are refused, and
 * each second a new image with a new segment is tried. The log holds again once both are durable.
 */
import { Exchange } from "../../../assembly/abi.js";
import type { Engine } from "../engine.js";
import { explain, systemTextOf } from "../reason.js";
import { leaveTornEnd, tornText } from "./cut.js";
import { Latency, TimedFile } from "./latency.js";
import { loadDataSet } from "./load.js";
import { createSegment, refuseOrphans, removeSegments, reopenSegment } from "./log-files.js";
import type { LogEnd } from "./log-reader.js";
import { LogWriter, publishWriter, type Segment } from "./log-writer.js";
import {
  type Manifest,
  type ManifestFile,
  readManifest,
  segmentName,
  writeManifest,
  writeMoved,
} from "./manifest.js";
import { SegmentCopy } from "./move.js";
import type { ForeignData, LogSettings, PersistenceOptions } from "./options.js";
import { reloadLog } from "./reload-log.js";
import type { BegunImage } from "./saves.js";
import type { Image } from "./snapshot.js";
import type { Storage } from "./storage.js";

export class Persistence {
  settings: LogSettings;
  storage: Storage;
  readonly #options: PersistenceOptions;
  readonly #latency: Latency;
  #manifest: Manifest = { history: "", earlier: [], segments: [] };
  #writer: LogWriter | undefined;
  #spare: Segment | undefined;
  /** Whether the manifest holds everything that the writer has written. */
  #isLogValid = false;
  #failure: string | undefined;
  /** Why the log cannot be resumed, as it was told last. */
  #told = "";
  /** Changes of files and of the manifest, one after another. */
  #changes: Promise<void> = Promise.resolve();
  #restarting: Promise<void> | undefined;
  #snapshot: BegunImage | undefined;
  #moving: Promise<void> | undefined;
  #lastBeatMs = 0;
  #imageBytes = 0;
  #olderBytes = 0;

  constructor(storage: Storage, settings: LogSettings, options: PersistenceOptions) {
    this.storage = storage;
    this.settings = settings;
    this.#options = options;
    const { sessions, clock, defer } = options;
    const isAlways = () => this.settings.policy === "always";
    this.#latency = new Latency({ sessions, clock, defer, isAlways });
  }

  get writer(): LogWriter | undefined {
    return this.#writer;
  }

  get engine(): Engine {
    return this.#options.sessions.engine;
  }

  /** While an image is made, the log begins anew or the data set moves, no image may begin. */
  get busy(): Promise<unknown> | undefined {
    return this.#moving ?? this.#restarting ?? this.#snapshot?.durable;
  }

  get isFailing(): boolean {
    return this.#failure !== undefined;
  }

  /** Bytes of the image and of the segments behind it. */
  get logBytes(): number {
    return this.#imageBytes + this.#olderBytes + (this.#writer?.segmentBytes ?? 0);
  }

  /** Effects of the engine, as they come. */
  take(source: Uint8Array, address: number, bytes: number): void {
    this.#writer?.take(source, address, bytes, this.#options.sessions.engine.position());
  }

  /**
   * Loads the data set and opens its log. The engine in use is fresh; until all is done it serves
   * nobody, because what it were told would not be in the log. `foreign` is what a place without a
   * data set begins with.
   */
  async start(foreign?: ForeignData): Promise<void> {
    const { sessions } = this.#options;
    sessions.engine.setWord(Exchange.LOADING, 1);
    await this.#load(foreign);
    sessions.engine.setWord(Exchange.LOADING, 0);
    this.publish();
  }

  async #load(foreign: ForeignData | undefined): Promise<void> {
    const manifest = foreign?.replaces ? undefined : await readManifest(this.storage);
    if (manifest === undefined) {
      await this.#startEmpty(foreign);
    } else {
      this.#manifest = manifest;
      const { end, imageBytes } = await loadDataSet(manifest, this.storage, this.#options);
      this.#imageBytes = imageBytes;
      if (end.tornBytes > 0) await this.#leaveTorn(end);
      await this.#removeOthers();
      if (this.settings.appendonly) await this.#openLog(end, end.position);
    }
  }

  async #startEmpty(foreign: ForeignData | undefined): Promise<void> {
    const { engine } = this;
    if (!foreign?.replaces) await refuseOrphans(this.storage);
    this.#manifest = { history: engine.history(), earlier: [], segments: [] };
    if (await foreign?.load()) {
      const { snapshot, durable } = this.#options.images.begin(this.storage, engine);
      snapshot.saveRest();
      await this.#adopt(await durable, undefined);
    }
    if (this.settings.appendonly) await this.#openLog(undefined, engine.position());
  }

  /** All that came so far becomes durable; nothing that is held waits any longer. */
  async settle(): Promise<void> {
    const { trap } = this.engine;
    if (trap !== undefined) return this.closeAfterTrap(this.engine.position());
    await this.#writer?.settle();
  }

  /** The host stops: the log ends durably. */
  async close(): Promise<void> {
    await this.abortMove("the server stops");
    await this.#restarting?.catch(() => {});
    await this.#changes;
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close();
    await this.#dropSpare();
    this.#openGate();
  }

  /** After a trap: the log ends where the last whole call ended; `start` loads it again. */
  async closeAfterTrap(position: number): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    this.#isLogValid = false;
    // At once, before the turn ends: what the call had rendered must not be appended.
    const ended = writer?.endAt(position);
    await this.#endSnapshot();
    await ended;
    await this.#moving?.catch(() => {});
    await this.#restarting?.catch(() => {});
    await this.#changes;
    await this.#dropSpare();
    this.#openGate();
  }

  /** Called often; does what is due each second. */
  beat(nowMs: number): void {
    this.publish();
    this.#latency.tell();
    if (nowMs - this.#lastBeatMs < 1000) return;
    this.#lastBeatMs = nowMs;
    this.#writer?.beat();
    if (this.isFailing && this.#restarting === undefined) this.#tryAgain();
  }

  /** Applies other settings; rejects when the log cannot be turned on. */
  async apply(settings: LogSettings): Promise<void> {
    if (this.#moving !== undefined) await this.#moving.catch(() => {});
    const before = this.settings;
    this.settings = settings;
    if (this.#writer !== undefined) {
      this.#writer.policy = settings.policy;
      if (settings.policy === "always") void this.#writer.settle();
      this.#progress();
    }
    if (settings.appendonly === before.appendonly) return;
    if (!settings.appendonly) return this.#turnOff();
    try {
      await this.#restart();
    } catch (cause) {
      this.settings = { ...settings, appendonly: false };
      await this.#turnOff();
      throw cause;
    }
  }

  /** Cuts an image at once, between two calls; the log goes on in a fresh segment. */
  beginImage(): BegunImage {
    const { engine } = this.#options.sessions;
    if (engine.word(Exchange.REQUEST_ALONE) !== 0) throw new Error("a transaction is running");
    if (this.busy !== undefined) throw new Error("another image is being made");
    const current = this.#cutLog(engine);
    return this.#snap(engine, (image) => this.#adopt(image, current));
  }

  /** DEBUG LOADAOF: what the files hold replaces what is in memory; the sessions stay. */
  async reload(databases: number): Promise<void> {
    const { sessions } = this.#options;
    const writer = this.#writer;
    if (writer === undefined || this.isFailing) throw new Error("there is no log that holds all");
    await this.#pause(async () => {
      await writer.settle();
      if (writer.failure !== undefined) throw writer.failure;
      await this.#changes;
      await reloadLog(this.#manifest, this.storage, this.#options, databases);
    });
    sessions.release();
  }

  /** Nothing runs until it is done. */
  async #pause(run: () => Promise<void>): Promise<void> {
    const { sessions } = this.#options;
    sessions.freeze();
    try {
      await run();
    } finally {
      sessions.unfreeze();
      sessions.thaw();
    }
  }

  /**
   * The data set goes on in another place, which holds none. That has an image and a copy of the
   * log behind it, durably, before the old one is left; when it cannot be, nothing has changed.
   */
  moveTo(storage: Storage): Promise<void> {
    if (this.#moving !== undefined) throw new Error("the data set is moving already");
    this.#moving = this.#move(storage).finally(() => {
      this.#moving = undefined;
    });
    return this.#moving;
  }

  /** When the data set is moving it stays where it is, unless that is all but done. */
  async abortMove(reason: string): Promise<void> {
    if (this.#moving === undefined) return;
    await this.#snapshot?.snapshot.abort(reason);
    await this.#moving.catch(() => {});
  }

  async #move(storage: Storage): Promise<void> {
    await this.#restarting?.catch(() => {});
    await this.#snapshot?.durable.catch(() => {});
    const { engine } = this;
    if (engine.word(Exchange.REQUEST_ALONE) !== 0) throw new Error("a transaction is running");
    if (engine.trap !== undefined || engine.word(Exchange.LOADING) !== 0) {
      throw new Error("the data set is being loaded");
    }
    if (this.isFailing) await this.#restartIn(storage);
    else await this.#copyTo(storage);
    if (this.#writer !== undefined) this.#makeSpare();
  }

  /** The log has failed where it was: image and log begin anew in the other place. */
  async #restartIn(storage: Storage): Promise<void> {
    const before = this.storage;
    const manifest = this.#manifest;
    await this.#dropSpare();
    this.storage = storage;
    this.#manifest = { history: manifest.history, earlier: [], segments: [] };
    try {
      await this.#restart();
    } catch (cause) {
      this.storage = before;
      this.#manifest = manifest;
      throw cause;
    }
    await this.#pause(() => this.#leave(before, storage));
  }

  async #copyTo(storage: Storage): Promise<void> {
    const writer = this.#writer;
    const segment = this.#cutLog(this.engine);
    const image = await this.#track(this.#options.images.begin(storage, this.engine)).durable;
    const copy = segment && (await SegmentCopy.begin(segment, this.storage, storage));
    const goOn = () => this.#goOnIn(storage, image, writer, copy || undefined);
    try {
      await this.#pause(() => this.#change(goOn));
    } catch (cause) {
      if (copy) await copy.abandon();
      throw cause;
    }
    this.#imageBytes = image.fileBytes;
    this.#olderBytes = 0;
  }

  /** Image and copy take over, when `writer` still writes the log that the copy is of. */
  async #goOnIn(
    storage: Storage,
    image: Image,
    writer: LogWriter | undefined,
    copy: SegmentCopy | undefined,
  ): Promise<void> {
    await writer?.settle();
    const file = await copy?.finish();
    if (writer !== this.#writer) throw new Error("the log has ended meanwhile");
    if (writer?.failure !== undefined) throw writer.failure;
    const { name, offset, history } = image;
    const segments = this.#manifest.segments.filter((each) => each.name === copy?.name);
    const manifest = { history, earlier: [], image: { name, offset }, segments };
    await writeManifest(storage, manifest);
    await this.#leave(this.storage, storage);
    this.storage = storage;
    this.#manifest = manifest;
    if (file !== undefined) await writer?.continueIn(new TimedFile(file, this.#latency));
    await this.#dropSpare();
  }

  /** Before anything is in the new place alone no start takes the old one for the data set. */
  async #leave(old: Storage, { place }: Storage): Promise<void> {
    await writeMoved(old, this.#manifest, place).catch(({ message }: Error) => {
      this.#options.warning(`${old.place} still looks like the place of the data: ${message}`);
    });
  }

  #snap(engine: Engine, adopt: (image: Image) => Promise<Image>): BegunImage {
    const { snapshot, durable } = this.#options.images.begin(this.storage, engine);
    return this.#track({ snapshot, durable: durable.then(adopt) });
  }

  /** One image at a time, until it belongs to the data set: a later one must not come first. */
  #track(begun: BegunImage): BegunImage {
    const end = () => {
      if (this.#snapshot === begun) this.#snapshot = undefined;
    };
    this.#snapshot = begun;
    this.#latency.note("fork", begun.snapshot.forkMs);
    begun.durable.then(end, end);
    return begun;
  }

  /** What a trap leaves running ends before files are read again. */
  async #endSnapshot(): Promise<void> {
    const begun = this.#snapshot;
    this.#snapshot = undefined;
    await begun?.snapshot.abort("the engine has stopped");
    await begun?.durable.catch(() => {});
  }

  /** The stream's next effect begins with SELECT, in a fresh segment if there is one. */
  #cutLog(engine: Engine): string | undefined {
    const writer = this.#writer;
    if (writer === undefined || writer.failure !== undefined || !this.#isLogValid) return undefined;
    writer.flush();
    engine.setEffects(false);
    engine.setEffects(true);
    if (this.#spare !== undefined) {
      this.#olderBytes += writer.segmentBytes;
      writer.switchTo(this.#spare);
      this.#spare = undefined;
    }
    return writer.segmentName;
  }

  /** The image is durable: from now on it stands for everything before it. */
  async #adopt(
    image: Image,
    segment: string | undefined,
    added: readonly ManifestFile[] = [],
  ): Promise<Image> {
    const { name, offset, history } = image;
    await this.#change(async () => {
      const segments = [...this.#manifest.segments, ...added];
      const first = segments.findIndex((each) => each.name === segment);
      const kept = first < 0 ? [] : segments.slice(first);
      await this.#write({ history, earlier: [], image: { name, offset }, segments: kept });
      this.#imageBytes = image.fileBytes;
      this.#olderBytes = 0;
    });
    await this.#change(() => this.#removeOthers());
    this.#makeSpare();
    return image;
  }

  /** Goes on at the end of a log that was read, or begins one. */
  async #openLog(end: LogEnd | undefined, position: number): Promise<void> {
    const last = end?.last;
    let segments = end?.segments ?? [];
    let segment: Segment;
    if (last !== undefined) {
      segment = this.#timed(await reopenSegment(this.storage, last));
      segments = segments.slice(0, segments.findIndex((each) => each.name === last.name) + 1);
    } else {
      segment = await this.#create(position);
      segments = [...segments, { name: segment.file.name, offset: position }];
    }
    await this.#write({ ...this.#manifest, segments });
    await this.#removeOthers();
    this.#olderBytes = 0;
    this.#begin(segment, position, last === undefined || last.isNew);
    this.#holdGate();
    this.#makeSpare();
  }

  /** Writes to a segment from now on. */
  #begin(segment: Segment, position: number, isNew: boolean): void {
    const { sessions, clock, defer, quickSyncMs } = this.#options;
    sessions.engine.setEffects(false);
    sessions.engine.setEffects(true);
    const writer: LogWriter = new LogWriter({
      segment,
      engine: sessions.engine,
      isNew,
      position,
      policy: this.settings.policy,
      clock,
      defer,
      ...(quickSyncMs !== undefined && { quickSyncMs }),
      onProgress: () => {
        if (this.#writer === writer) this.#progress();
      },
      onFailure: (cause) => {
        if (this.#writer === writer) this.#fail(cause);
      },
    });
    this.#writer = writer;
  }

  #progress(): void {
    const { gate, sessions, onProgress } = this.#options;
    if (this.#writer !== undefined) gate.reached = this.#writer.reached;
    sessions.release();
    onProgress?.();
  }

  /** Output waits for the log from now on. */
  #holdGate(): void {
    const { gate } = this.#options;
    this.#isLogValid = true;
    gate.reached = this.#writer?.reached ?? 0;
    gate.open = false;
  }

  #openGate(): void {
    const { gate, sessions } = this.#options;
    gate.open = true;
    sessions.release();
  }

  #fail(cause: Error): void {
    const { gate, sessions, warning, tellFailure } = this.#options;
    const reason = systemTextOf(cause);
    const { segmentName: name = "" } = this.#writer ?? {};
    const until = "Writes are refused until it can be written";
    warning(`Error writing to the AOF file ${name}: ${explain(cause)}. ${until}.`);
    this.#told = "";
    this.#failure = reason;
    this.#isLogValid = false;
    sessions.refuseHeld(`MISCONF Errors writing to the AOF file: ${reason}`);
    gate.open = true;
    void this.#writer?.abandon();
    tellFailure(reason);
  }

  #tryAgain(): void {
    if (this.busy !== undefined || !this.settings.appendonly) return;
    this.#restart().then(
      () => this.#options.notice("The AOF file can be written again, writes are accepted."),
      (cause: Error) => {
        // Tried each second, told once.
        const text = explain(cause);
        if (text !== this.#told) this.#options.warning(`The log cannot be resumed yet: ${text}`);
        this.#told = text;
      },
    );
  }

  /** A new image with a new segment behind it; the log holds when both are durable. */
  #restart(): Promise<void> {
    this.#restarting ??= this.#restartNow().finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  async #restartNow(): Promise<void> {
    const { sessions, tellFailure } = this.#options;
    await this.#snapshot?.durable.catch(() => {});
    await this.#writer?.abandon();
    const segment = await this.#create(sessions.engine.position());
    const { engine } = sessions;
    const position = engine.position();
    this.#begin(segment, position, true);
    const name = segment.file.name;
    const added = [{ name, offset: position }];
    await this.#snap(engine, (image) => this.#adopt(image, name, added)).durable;
    const failure = this.#writer?.failure;
    if (failure !== undefined) throw failure;
    await this.#writer?.settle();
    this.#holdGate();
    this.#failure = undefined;
    tellFailure("");
  }

  async #turnOff(): Promise<void> {
    const { sessions, tellFailure } = this.#options;
    const writer = this.#writer;
    writer?.flush();
    this.#writer = undefined;
    this.#isLogValid = false;
    sessions.engine.setEffects(false);
    this.#failure = undefined;
    tellFailure("");
    await writer?.close();
    this.#openGate();
  }

  /** Makes the segment ready that the log will go on in after the next image. */
  #makeSpare(): void {
    this.#change(async () => {
      if (this.#spare !== undefined || this.#writer === undefined) return;
      const offset = this.#writer.accepted;
      const spare = await this.#create(offset);
      const segments = [...this.#manifest.segments, { name: spare.file.name, offset }];
      await this.#write({ ...this.#manifest, segments });
      this.#spare = spare;
    }).catch((cause: Error) => {
      this.#options.warning(`No log segment can be made ready: ${explain(cause)}`);
    });
  }

  async #create(position: number): Promise<Segment> {
    const { history } = this.#manifest;
    const names = await this.storage.list();
    let name = segmentName(history, position);
    for (let n = 1; names.includes(name); n++) name = segmentName(`${history}-${n}`, position);
    return this.#timed(await createSegment(this.storage, name, history));
  }

  #timed({ file, salt }: Segment): Segment {
    return { file: new TimedFile(file, this.#latency), salt };
  }

  /** Runs changes of files one after another. */
  #change(run: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(run);
    this.#changes = done.catch(() => {});
    return done;
  }

  /** A spare that the manifest does not name would take what no start finds. */
  async #write(manifest: Manifest): Promise<void> {
    await writeManifest(this.storage, manifest);
    this.#manifest = manifest;
    const { file } = this.#spare ?? {};
    if (file && !manifest.segments.some(({ name }) => name === file.name)) await this.#dropSpare();
  }

  async #dropSpare(): Promise<void> {
    const spare = this.#spare;
    this.#spare = undefined;
    await spare?.file.close().catch(() => {});
  }

  /** Removes the files of this data set that the manifest does not name. */
  async #removeOthers(): Promise<void> {
    await this.#options.images.removeOthers(this.storage, this.#manifest);
    const kept = this.#manifest.segments.map(({ name }) => name);
    const inUse = [this.#spare?.file.name, this.#writer?.segmentName];
    await removeSegments(this.storage, [...kept, ...inUse]);
  }

  /** A torn end is cut off, and the data set goes on in a new history; or the start stops. */
  async #leaveTorn(end: LogEnd): Promise<void> {
    const what = tornText(end);
    if (!this.settings.cutsTornEnd) {
      throw new Error(`${what}. Set aof-load-truncated to yes to start without them.`);
    }
    this.#manifest = await leaveTornEnd(this.storage, this.#manifest, end);
    const { history, segments } = this.#manifest;
    this.engine.startHistory(history, end.position);
    end.last = undefined;
    end.segments = [...segments];
    this.#options.warning(
      `${what}, are cut off (aof-load-truncated yes); a new history begins, ${history}`,
    );
  }

  /** Writes what INFO shows into the exchange record. */
  publish(): void {
    publishWriter(this.engine, this.#writer);
    this.engine.setFact(Exchange.LOG_BYTES, this.logBytes);
  }
}

export type { Engines, ForeignData, LogSettings, PersistenceOptions } from "./options.js";
export type { ManifestFile };
