import { Connection } from "./connection.js";
import { namespaceClosed, statementsOverloaded } from "./sql-errors.js";

/** How long a process is kept that nobody needs: longer than the pauses of an app that is used. */
const idleMs = 30_000;

/** How many calls may wait for a connection: what a burst brings, and no more than can hope for one. */
const waitingMax = 1_000;

/** A namespace's file. */
export interface PooledFile {
  readonly path: string;
  readonly maxBytes: number | undefined;
}

export interface ConnectionPoolOptions {
  /** The absolute path of the program that a connection's process runs. */
  readonly program: string;
  /** The most processes. */
  readonly connectionsMax: number;
}

interface Waiting {
  readonly file: PooledFile;
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The connections of a backend. Each is lent to one call or transaction at a time; those that are free keep their file open, and
 * change to another when that is needed more. One namespace gets half of them at most, so that it cannot keep the others waiting.
 */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions;
  readonly #perFileMax: number;
  /** Which file each connection that is lent, or being made, is for. */
  readonly #lent = new Map<Connection, string>();
  /** The last is the one used last. */
  readonly #free: { readonly connection: Connection; readonly timer: NodeJS.Timeout }[] = [];
  #waiting: Waiting[] = [];
  #lastCheck: Promise<void> = Promise.resolve();
  #stopped = 0;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    this.#perFileMax = Math.ceil(options.connectionsMax / 2);
  }

  /** How many processes there are, and how many of them had to be ended because of what they ran. */
  get counts(): { readonly connections: number; readonly stopped: number } {
    return { connections: this.#lent.size + this.#free.length, stopped: this.#stopped };
  }

  /** Lends a connection with the file open, when there is one. Give it back with `release`. */
  async acquire(file: PooledFile, signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    return this.#opened(this.#take(file) ?? (await this.#turn(file, signal)), file, signal);
  }

  /** Opens a file once, one after the other, with no more than one process. Rejects when it cannot be opened. */
  check(file: PooledFile, signal: AbortSignal): Promise<void> {
    const check = async () => {
      signal.throwIfAborted();
      const free = this.#lend(this.#alive()[0], file);
      this.release(await this.#opened(free ?? this.#take(file) ?? (await this.#turn(file, signal)), file, signal));
    };
    const checked = this.#lastCheck.then(check, check);
    this.#lastCheck = checked;
    return checked;
  }

  /** Takes a connection back; nothing may be open on it. One that has ended is forgotten. */
  release(connection: Connection): void {
    this.#lent.delete(connection);
    if (connection.isAlive) this.#keep(connection);
    else this.#stopped++;
    this.#serveWaiting();
  }

  /** Ends what runs on a file, and closes it. */
  async closeFile({ path }: PooledFile): Promise<void> {
    this.#rejectWaiting((waiting) => waiting.file.path === path);
    const lent = [...this.#lent].filter(([, lentFor]) => lentFor === path).map(([connection]) => connection);
    const free = this.#free.map(({ connection }) => connection).filter((connection) => connection.path === path);
    for (const connection of free) this.#forget(connection);
    await endAll(lent, free);
  }

  /** Ends every connection. No more can be had. */
  async close(): Promise<void> {
    this.#rejectWaiting(() => true);
    const free = this.#free.map(({ connection }) => connection);
    for (const connection of free) this.#forget(connection);
    await endAll([...this.#lent.keys()], free);
  }

  /** A connection that can be had now; the caller opens the file if it is not open. */
  #take(file: PooledFile): Connection | undefined {
    if (this.#lentFor(file.path) >= this.#perFileMax) return undefined;
    const free = this.#alive();
    const open = free.findLast(({ path }) => path === file.path);
    return this.#lend(open ?? this.#made() ?? free[0], file);
  }

  #lend(connection: Connection | undefined, { path }: PooledFile): Connection | undefined {
    if (connection === undefined) return undefined;
    this.#forget(connection);
    this.#lent.set(connection, path);
    return connection;
  }

  async #opened(connection: Connection, file: PooledFile, signal: AbortSignal): Promise<Connection> {
    try {
      if (connection.path !== file.path) await connection.open(file.path, file.maxBytes, signal);
      return connection;
    } catch (error) {
      this.release(connection);
      throw error;
    }
  }

  /** Those that are free; the first is the one that was used longest ago. */
  #alive(): readonly Connection[] {
    return this.#free.map(({ connection }) => connection).filter(({ isAlive }) => isAlive);
  }

  #made(): Connection | undefined {
    if (this.#lent.size + this.#free.length >= this.#options.connectionsMax) return undefined;
    const connection = new Connection(this.#options.program);
    void connection.gone.then(() => {
      this.#forget(connection);
      this.#serveWaiting();
    });
    return connection;
  }

  #turn(file: PooledFile, signal: AbortSignal): Promise<Connection> {
    if (this.#waiting.length >= waitingMax) throw statementsOverloaded();
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        reject(signal.reason);
      };
      const stay = () => signal.removeEventListener("abort", leave);
      const waiting: Waiting = {
        file,
        resolve: (connection) => {
          stay();
          resolve(connection);
        },
        reject: (error) => {
          stay();
          reject(error);
        },
      };
      signal.addEventListener("abort", leave);
      this.#waiting.push(waiting);
    });
  }

  #serveWaiting(): void {
    for (const waiting of this.#waiting) {
      const connection = this.#take(waiting.file);
      if (connection === undefined) continue;
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
      waiting.resolve(connection);
    }
  }

  #rejectWaiting(isMeant: (waiting: Waiting) => boolean): void {
    const meant = this.#waiting.filter(isMeant);
    this.#waiting = this.#waiting.filter((waiting) => !isMeant(waiting));
    for (const { reject } of meant) reject(namespaceClosed());
  }

  #lentFor(path: string): number {
    let count = 0;
    for (const lentFor of this.#lent.values()) if (lentFor === path) count++;
    return count;
  }

  #keep(connection: Connection): void {
    const timer = setTimeout(() => {
      this.#forget(connection);
      void connection.end();
    }, idleMs);
    timer.unref();
    this.#free.push({ connection, timer });
  }

  #forget(connection: Connection): void {
    const index = this.#free.findIndex((free) => free.connection === connection);
    if (index === -1) return;
    clearTimeout(this.#free[index]!.timer);
    this.#free.splice(index, 1);
  }
}

/** What runs is stopped; what does not can close its file. */
async function endAll(lent: readonly Connection[], free: readonly Connection[]): Promise<void> {
  for (const connection of lent) connection.kill(namespaceClosed());
  await Promise.all([...lent.map(({ gone }) => gone), ...free.map((connection) => connection.end())]);
}
