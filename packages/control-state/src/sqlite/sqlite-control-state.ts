import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type {
  ControlListener,
  ControlSnapshot,
  ControlState,
  Reachability,
  Write,
  WriteOptions,
  Written,
} from "../control-state.js";
import { checkWrites } from "../decide.js";
import { stateClosed, writeAbandoned } from "../errors.js";
import { Listeners } from "../listeners.js";
import type { OpenOptions } from "../open-control-state.js";
import { backUp } from "./backup-file.js";
import { fileGone, isLocked, nothingToBackUp, translateError } from "./sqlite-errors.js";
import { StateFile } from "./state-file.js";

/** How often it is looked for changes of other processes, which are to be known within a second. A look costs some 20 µs. */
const lookMs = 250;

/** How long something may wait while other processes keep the file locked. */
const lockedMaxMs = 5_000;

/** So many looks are that long. */
const lockedLooksMax = lockedMaxMs / lookMs;

/** The longest pause between attempts on a locked file; a commit takes a few ms. */
const lockedPauseMsMax = 20;

/** What is stored while there is no file, and in one that nothing was written to. */
const empty: ControlSnapshot = { revision: "0", namespaces: [], disabledBackends: [] };

type FileState =
  /** Nothing was ever written: there is nothing to open. */
  | { readonly kind: "absent" }
  | { readonly kind: "open"; readonly file: StateFile }
  /** It was there and is not: it is not made anew, because it held something. */
  | { readonly kind: "gone" }
  | { readonly kind: "closed" };

/** A control state in a file, which any number of processes on one machine may use. */
export class SqliteControlState implements ControlState {
  readonly place: string;
  readonly #options: OpenOptions;
  readonly #listeners = new Listeners();
  #state: FileState = { kind: "absent" };
  #timer: NodeJS.Timeout | undefined;
  #lockedLooks = 0;

  static async open(file: string, options: OpenOptions): Promise<SqliteControlState> {
    const state = new SqliteControlState(file, options);
    await state.#patiently(() => state.#openIfThere()).catch(() => {});
    state.#look();
    state.#timer = setInterval(() => state.#look(), lookMs).unref();
    return state;
  }

  private constructor(file: string, options: OpenOptions) {
    this.place = file;
    this.#options = options;
  }

  get reachability(): Reachability {
    return this.#listeners.reachability;
  }

  async read(): Promise<ControlSnapshot> {
    return await this.#patiently(() => this.#openIfThere()?.read() ?? empty);
  }

  async write(writes: readonly Write[], { revision, signal }: WriteOptions = {}): Promise<Written> {
    checkWrites(writes);
    const request = () => ({ writes, revision, nowMs: this.#options.now() });
    const written = await this.#patiently(() => this.#open().write(request()), signal);
    this.#listeners.sawRevision(written.revision);
    return written;
  }

  async switchBackend(name: string, disabled: { readonly reason: string } | undefined): Promise<void> {
    const change = () => this.#open().switchBackend({ name, disabled, nowMs: this.#options.now() });
    this.#listeners.sawRevision(await this.#patiently(change));
  }

  subscribe(listener: ControlListener): Disposable {
    return this.#listeners.add(listener);
  }

  async backup(file: string): Promise<void> {
    const state = await this.#patiently(() => this.#openIfThere());
    if (state === undefined) throw nothingToBackUp(this.place);
    try {
      await backUp(state, file);
    } catch (error) {
      throw translateError(error, file);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#leave({ kind: "closed" });
  }

  #openIfThere(): StateFile | undefined {
    return this.#state.kind === "absent" && !existsSync(this.place) ? undefined : this.#open();
  }

  /** The file, opened when it is there, and made when there never was one. */
  #open(): StateFile {
    if (this.#state.kind === "closed") throw stateClosed(this.place);
    if (this.#state.kind === "open" && this.#state.file.isInPlace()) return this.#state.file;
    if (this.#state.kind === "open") this.#leave({ kind: "gone" });
    if (this.#state.kind === "gone" && !existsSync(this.place)) throw fileGone(this.place);
    const file = new StateFile(this.place);
    this.#state = { kind: "open", file };
    return file;
  }

  #leave(next: FileState): void {
    if (this.#state.kind === "open") this.#state.file.close();
    this.#state = next;
  }

  /** Runs what another process's lock may be in the way of. */
  async #patiently<T>(run: () => T, signal?: AbortSignal): Promise<T> {
    const giveUpAtMs = performance.now() + lockedMaxMs;
    for (;;) {
      if (signal?.aborted) throw writeAbandoned(this.place);
      try {
        return run();
      } catch (error) {
        if (!isLocked(error) || performance.now() >= giveUpAtMs) throw translateError(error, this.place);
      }
      await delay(Math.random() * lockedPauseMsMax, undefined, signal && { signal }).catch(() => {});
    }
  }

  /** Hears of what other processes did, and of the file's end and return. */
  #look(): void {
    try {
      const revision = this.#openIfThere()?.changedRevision();
      this.#lockedLooks = 0;
      this.#judge({ isReachable: true });
      if (revision !== undefined) this.#listeners.sawRevision(revision);
    } catch (error) {
      // Somebody's commit; the next look comes soon.
      if (isLocked(error) && ++this.#lockedLooks < lockedLooksMax) return;
      this.#judge({ isReachable: false, why: (translateError(error, this.place) as Error).message });
    }
  }

  #judge(reachability: Reachability): void {
    if (!this.#listeners.sawReachability(reachability)) return;
    const { log } = this.#options;
    if (reachability.isReachable) log.info({ place: this.place }, "the control state can be used again");
    else log.warn({ place: this.place, problem: reachability.why }, "the control state cannot be used");
  }
}
