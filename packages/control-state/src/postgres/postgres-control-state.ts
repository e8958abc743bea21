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
import { ControlStateError, writeAbandoned } from "../errors.js";
import { KnownNamespaces } from "../known-namespaces.js";
import { Listeners } from "../listeners.js";
import type { PostgresLocation } from "../location.js";
import type { OpenOptions } from "../open-control-state.js";
import { placeOf } from "./server-access.js";
import { Session } from "./session.js";
import { askRevision, readAll, switchOne, type TablesPlace, writeAll } from "./statements.js";

/** A control state in PostgreSQL, which any number of processes on any number of machines may use. */
export class PostgresControlState implements ControlState {
  readonly place: string;
  readonly #options: OpenOptions;
  readonly #tables: TablesPlace;
  readonly #known = new KnownNamespaces();
  readonly #listeners = new Listeners();
  readonly #session: Session;

  static async open(location: PostgresLocation, options: OpenOptions): Promise<PostgresControlState> {
    const state = new PostgresControlState(location, options);
    await state.#session.firstOutcome;
    return state;
  }

  private constructor(location: PostgresLocation, options: OpenOptions) {
    this.place = placeOf(location);
    this.#options = options;
    this.#tables = { schema: location.schema, place: this.place };
    this.#session = new Session(location, {
      notified: (revision) => this.#listeners.sawRevision(revision),
      down: (error) => this.#judge({ isReachable: false, why: error.message }),
      ask: async (client) => {
        const revision = await askRevision(client, this.#tables);
        this.#judge({ isReachable: true });
        this.#listeners.sawRevision(revision);
      },
    });
  }

  get reachability(): Reachability {
    return this.#listeners.reachability;
  }

  read(): Promise<ControlSnapshot> {
    return this.#session.run((client) => readAll(client, this.#tables, this.#known));
  }

  async write(writes: readonly Write[], { revision, signal }: WriteOptions = {}): Promise<Written> {
    checkWrites(writes);
    const written = await this.#session.run((client) => {
      if (signal?.aborted) throw writeAbandoned(this.place);
      return writeAll(client, this.#tables, { writes, revision, nowMs: this.#options.now() });
    });
    this.#listeners.sawRevision(written.revision);
    return written;
  }

  async switchBackend(name: string, disabled: { readonly reason: string } | undefined): Promise<void> {
    const change = { name, disabled, nowMs: this.#options.now() };
    this.#listeners.sawRevision(await this.#session.run((client) => switchOne(client, this.#tables, change)));
  }

  subscribe(listener: ControlListener): Disposable {
    return this.#listeners.add(listener);
  }

  async backup(): Promise<void> {
    throw new ControlStateError(
      "invalid",
      `The control state ${this.place} is not a file. Back it up with pg_dump --schema=${this.#tables.schema}.`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.close();
  }

  #judge(reachability: Reachability): void {
    if (!this.#listeners.sawReachability(reachability)) return;
    const { log } = this.#options;
    const { place } = this;
    if (reachability.isReachable) log.info({ place }, "the control state can be used again");
    else log.warn({ place, problem: reachability.why }, "the control state cannot be used");
  }
}
