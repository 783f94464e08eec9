/** When images are made, and what INFO is told of them. */
import { describe, expect, it } from "vitest";
import { Exchange } from "../../assembly/abi";
import { ImageStore } from "../../hosts/shared/persistence/image-store";
import { parseSavePoints, Saves } from "../../hosts/shared/persistence/saves";
import { encode } from "../support/engine";
import { ENGINE_HASH, ImageHost } from "../support/image-host";

/** A host that saves; `lines` is its log. */
class SavingHost extends ImageHost {
  readonly lines: string[] = [];
  readonly saves: Saves;
  begun = 0;
  busy: Promise<void> | undefined;

  constructor() {
    super();
    const engineFile = { hash: ENGINE_HASH, bytes: async () => new Uint8Array(10) };
    const store = new ImageStore({ ...this.options(), engineFile });
    this.saves = new Saves({
      engine: () => this.engine,
      now: () => this.now,
      canSave: () => true,
      busy: () => this.busy,
      begin: () => {
        this.begun++;
        return store.begin(this.storage, this.engine);
      },
      hold: (held) => void this.holds.push(held),
      notice: (text) => void this.lines.push(text),
      warning: (text) => void this.lines.push(text),
    });
  }

  set(times: number): void {
    for (let i = 0; i < times; i++) this.run(encode(["SET", "key", i]));
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 1000 && this.saves.isRunning; turn++) await this.turnOnce();
    await this.turnOnce();
  }

  fact(fact: number): number {
    return this.engine.fact(fact);
  }
}

describe("save points", () => {
  it("are read as CONFIG shows them", () => {
    expect(parseSavePoints("")).toEqual([]);
    expect(parseSavePoints("3600 1 300 100")).toEqual([
      { seconds: 3600, changes: 1 },
      { seconds: 300, changes: 100 },
    ]);
  });

  it("make an image after so many changes and seconds", async () => {
    const host = new SavingHost();
    host.saves.points = parseSavePoints("60 10 5 100");
    host.saves.beat(host.now);
    host.set(10);
    for (const [elapsedMs, begun] of [
      [5_000, 0],
      [54_999, 0],
      [2, 1],
    ] as const) {
      host.now += elapsedMs;
      host.saves.beat(host.now);
      expect(host.begun).toBe(begun);
    }
    expect(host.engine.word(Exchange.SAVE_IN_PROGRESS)).toBe(1);
    host.set(3);
    await host.settle();
    expect(host.engine.word(Exchange.SAVE_IN_PROGRESS)).toBe(0);
    expect(host.fact(Exchange.CHANGES_SINCE_SAVE)).toBe(3);
    expect(host.fact(Exchange.LAST_SAVE_MS)).toBe(host.now);
    expect(host.fact(Exchange.SAVES)).toBe(1);
    expect(host.lines[0]).toBe("10 changes in 60 seconds. Saving...");
    expect(host.lines[1]).toMatch(/^DB saved on disk: image-/);
    host.set(97);
    host.now += 5001;
    host.saves.beat(host.now);
    expect(host.begun).toBe(2);
    await host.settle();
  });

  it("wait before they try again after a failure", async () => {
    const host = new SavingHost();
    host.saves.points = parseSavePoints("1 1");
    host.set(1);
    host.now += 2000;
    host.storage.failCall(2);
    host.saves.beat(host.now);
    await host.settle();
    expect(host.engine.word(Exchange.SAVE_FAILED)).toBe(1);
    expect(host.lines.at(-1)).toMatch(
      /Saving has failed, the image before stays: .*made to fail; the disk may be failing/,
    );
    expect(host.fact(Exchange.CHANGES_SINCE_SAVE)).toBe(1);
    host.now += 4999;
    host.saves.beat(host.now);
    expect(host.begun).toBe(1);
    host.now += 1;
    host.saves.beat(host.now);
    await host.settle();
    expect(host.engine.word(Exchange.SAVE_FAILED)).toBe(0);
    expect(host.fact(Exchange.CHANGES_SINCE_SAVE)).toBe(0);
  });
});

describe("saving", () => {
  it("answers SAVE when the image is durable, BGSAVE when it is cut", async () => {
    const host = new SavingHost();
    expect(host.saves.background()).toEqual({ ok: true });
    expect(host.saves.background().text).toBe("ERR Background save already in progress");
    await host.settle();
    const answer = host.saves.save();
    await host.settle();
    expect(await answer).toEqual({ ok: true });
    host.storage.failCall(0);
    const refusal = host.saves.save();
    await host.settle();
    expect(await refusal).toEqual({ ok: false, text: "ERR" });
  });

  it("waits for the image that somebody else makes, or says that there is one", async () => {
    const host = new SavingHost();
    let end = () => {};
    host.busy = new Promise<void>((resolve) => {
      end = resolve;
    });
    expect(host.saves.background().text).toBe("ERR Background save already in progress");
    host.engine.setWord(Exchange.SAVE_SCHEDULED, 1);
    host.saves.beat(host.now);
    const answer = host.saves.save();
    await host.settle();
    expect([host.begun, host.engine.word(Exchange.SAVE_FAILED)]).toEqual([0, 0]);
    host.busy = undefined;
    end();
    await new Promise((resolve) => setImmediate(resolve));
    await host.settle();
    expect(await answer).toEqual({ ok: true });
    expect(host.begun).toBe(1);
  });

  it("begins what was scheduled", async () => {
    const host = new SavingHost();
    host.engine.setWord(Exchange.SAVE_SCHEDULED, 1);
    host.saves.beat(host.now);
    expect(host.begun).toBe(1);
    expect(host.engine.word(Exchange.SAVE_SCHEDULED)).toBe(0);
    await host.settle();
  });
});

describe("a stop", () => {
  it.each([
    ["with save points", "60 1", [], 1],
    ["without", "", [], 0],
    ["without, SAVE", "", ["save"], 1],
    ["with them, NOSAVE", "60 1", ["nosave"], 0],
  ] as const)("%s", async (_, points, options, begun) => {
    const host = new SavingHost();
    host.saves.points = parseSavePoints(points);
    expect(await host.saves.beforeStop(options)).toBeUndefined();
    expect(host.begun).toBe(begun);
    expect(host.holds).toEqual([true]);
  });

  it("ends the image that runs, and is given up when the last one fails", async () => {
    const host = new SavingHost();
    host.saves.points = parseSavePoints("60 1");
    host.saves.background();
    host.storage.onCall = (call) => {
      if (call === "rename") throw new Error("no right to do that");
    };
    const refusal = "ERR Errors trying to SHUTDOWN. Check logs.";
    expect(await host.saves.beforeStop([])).toBe(refusal);
    expect(host.holds).toEqual([true, false]);
    expect(host.begun).toBe(2);
    expect(await host.saves.beforeStop(["force"])).toBeUndefined();
  });
});
