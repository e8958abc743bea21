import {
  type ControlSnapshot,
  type ControlState,
  ControlStateError,
  type ControlStateLocation,
  type StoredNamespace,
  type Write,
} from "@prism-data/control-state";
import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import type { Logger } from "../telemetry/log.js";

/** Somebody else's write came first. Read again and decide anew. */
export class StaleWriteError extends Error {
  override readonly name = "StaleWriteError";
}

export interface ControlStoreOptions {
  readonly location: ControlStateLocation;
  readonly log: Logger;
  /** Epoch ms. */
  now(): number;
  /** Something was written, by this proxy or another one; `snapshot` has it. */
  onChange(): void;
  onReachable(isReachable: boolean): void;
}

const nothing: ControlSnapshot = { revision: "", namespaces: [], disabledBackends: [] };

/**
 * What this proxy knows of the control state. While the store cannot be reached it goes on knowing what it knew, and takes no
 * writes.
 */
export class ControlStore implements AsyncDisposable {
  /** Resolves when the store was read, or could not be read, for the first time. */
  readonly firstRead: Promise<void>;
  readonly #options: ControlStoreOptions;
  readonly #opening: Promise<ControlState>;
  #snapshot = nothing;
  /** Empty: there is none. */
  #problem = "";
  #place: string;
  /** Reads overtake each other when they are not made one after the other. */
  #lastRead: Promise<unknown> = Promise.resolve();

  constructor(options: ControlStoreOptions) {
    const { location } = options;
    this.#options = options;
    this.#place = location.kind === "sqlite" ? location.file : location.kind;
    this.#opening = this.#open();
    this.firstRead = this.#opening.then(
      () => this.#refresh(),
      (error: Error) => this.#setProblem(error.message),
    );
  }

  /** As it was read last. */
  get snapshot(): ControlSnapshot {
    return this.#snapshot;
  }

  /** Why the store cannot be used now. `undefined`: it can. */
  get problem(): string | undefined {
    return this.#problem || undefined;
  }

  /** Where it is, for people. */
  get place(): string {
    return this.#place;
  }

  /** Reads everything anew. Throws CONTROL_STATE_UNAVAILABLE. */
  async read(): Promise<ControlSnapshot> {
    const read = this.#lastRead.then(async () => {
      const state = await this.#opening;
      const before = this.#snapshot.revision;
      this.#snapshot = await state.read();
      if (this.#snapshot.revision !== before) this.#options.onChange();
      return this.#snapshot;
    });
    this.#lastRead = read.catch(() => undefined);
    return await read.catch((error: Error) => {
      throw this.#unavailable("The control state was not read", error);
    });
  }

  /** Does all writes or none. Throws `StaleWriteError` and CONTROL_STATE_UNAVAILABLE. */
  async write(writes: readonly Write[]): Promise<readonly StoredNamespace[]> {
    const { namespaces } = await this.#write((state) => state.write(writes));
    // Whoever wrote has done it, whether it can be read just now or not.
    await this.#refresh();
    return namespaces;
  }

  /** Takes a backend out of service, or back when there is no reason to. Throws CONTROL_STATE_UNAVAILABLE. */
  async switchBackend(name: string, disabled: { readonly reason: string } | undefined): Promise<void> {
    const before = (await this.read()).disabledBackends.find((one) => one.name === name);
    if (before?.reason === disabled?.reason) return;
    await this.#write((state) => state.switchBackend(name, disabled));
    await this.#refresh();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const state = await this.#opening.catch(() => undefined);
    await this.#lastRead;
    await state?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<ControlState> {
    const { location, log, now } = this.#options;
    // Loaded here, because nothing else waits for it.
    const { openControlState } = await import("@prism-data/control-state");
    const state = await openControlState(location, { log, now });
    this.#place = state.place;
    if (!state.reachability.isReachable) this.#setProblem(state.reachability.why);
    state.subscribe({
      onChange: (revision) => {
        if (revision !== this.#snapshot.revision) void this.#refresh();
      },
      onReachability: (reachability) => {
        this.#setProblem(reachability.isReachable ? "" : reachability.why);
        if (reachability.isReachable) void this.#refresh();
      },
    });
    return state;
  }

  async #write<T>(write: (state: ControlState) => Promise<T>): Promise<T> {
    try {
      return await write(await this.#opening);
    } catch (error) {
      if (error instanceof ControlStateError && error.reason === "conflict") {
        throw new StaleWriteError(error.message, { cause: error });
      }
      const mayBeDone = error instanceof ControlStateError && error.mayBeDone;
      const what = mayBeDone ? "It is not known whether the change was stored" : "Nothing was changed";
      throw this.#unavailable(what, error as Error);
    }
  }

  /** Never rejects: the next change or the store's return brings the next try. */
  async #refresh(): Promise<void> {
    try {
      await this.read();
    } catch (error) {
      this.#options.log.warn({ reason: (error as Error).message }, "control state not read; what is known serves on");
    }
  }

  #setProblem(problem: string): void {
    this.#problem = problem;
    this.#options.onReachable(problem === "");
  }

  #unavailable(what: string, cause: Error): GatewayError {
    const text = `${what}: the control state (${this.#place}) cannot be used: ${cause.message}`;
    return new GatewayError("CONTROL_STATE_UNAVAILABLE", text, { cause });
  }
}
