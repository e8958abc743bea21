import assert from "node:assert";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { awaitCondition } from "./await-condition.js";
import { endProcess, processesOf } from "./end-process.js";
import { awaitReady, launch } from "./launch.js";
import { freePorts } from "./loopback-port.js";
import { isRunning, isStill, type ProcessIdentity, signalProcess } from "./process-table.js";
import type { Environment, Ports, ServerKind, ServerSite } from "./server-kind.js";

/** The kernel stops a process at once; one with many threads takes milliseconds. */
const stillWithinMs = 10_000;

export interface LocalServerOptions {
  /** Where programs are looked for: `PATH`, `PRISM_PROGRAMS_DIR`. Usually the process's own. */
  readonly environment: Environment;
  /** Further arguments of the server, once its folder is known. Default: none. */
  readonly arguments?: (folder: string) => readonly string[];
  /** Its ports, one for each of the kind's. Default: free ones. */
  readonly ports?: Ports;
}

/**
 * A real server of this process's own, on a free port of the loopback, with its data in a temporary folder. It may be stopped,
 * killed, paused and started again on the same port and data. It ends with this process, however that ends, and its folder goes
 * when it is disposed. Use one from one place at a time: its methods are not to be called while one of them is under way.
 */
export class LocalServer implements AsyncDisposable {
  /** Its folder: `data`, its log, and what a test wants to put beside them. */
  readonly folder: string;
  /** Where clients connect, at 127.0.0.1. */
  readonly port: number;
  readonly #kind: ServerKind;
  readonly #site: ServerSite;
  readonly #more: readonly string[];
  #running: ProcessIdentity | undefined;

  private constructor(kind: ServerKind, site: ServerSite, more: readonly string[]) {
    this.folder = site.folder;
    this.port = site.ports[0];
    this.#kind = kind;
    this.#site = site;
    this.#more = more;
  }

  /** Starts a server and waits until it answers. Throws LocalServerError when it is not installed or does not start. */
  static async start(kind: ServerKind, options: LocalServerOptions): Promise<LocalServer> {
    const program = await kind.find(options.environment);
    const account = await kind.account?.();
    const folder = await mkdtemp(join(tmpdir(), `prism-${kind.name}-`));
    // A server that runs as another user must get at its data.
    await chmod(folder, 0o711);
    const ports = options.ports ?? (await freePorts(kind.standardPorts.length));
    const site = { program, folder, ports, account, environment: options.environment };
    const server = new LocalServer(kind, site, options.arguments?.(folder) ?? []);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where clients find it, as its kind writes that. */
  get url(): string {
    return this.#kind.url(this.port);
  }

  get logFile(): string {
    return join(this.folder, "server.log");
  }

  /** Its process. Throws when it does not run. */
  get pid(): number {
    assert(this.#running !== undefined, `${this.#kind.name} does not run`);
    return this.#running.pid;
  }

  /** Starts it again after `stop` or `kill`, on the same port and data, and waits until it answers. */
  async start(): Promise<void> {
    assert(this.#running === undefined || !isRunning(this.#running), `${this.#kind.name} runs already`);
    const { logFile } = this;
    this.#running = await launch(this.#kind, this.#site, { logFile, outlives: false, arguments: this.#more });
    await awaitReady(this.#running, this.#kind, this.#site, { logFile });
  }

  /** Ends it gracefully, or not, when it takes longer than 30 s. */
  async stop(): Promise<void> {
    await this.#end(this.#kind.stopSignal);
  }

  /** Stops it, and starts it again. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Ends it and all its processes with SIGKILL: what it has not written is lost. Resolves when they are gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Keeps it from doing anything, with its connections left open, until `resume`. Resolves when it has come to rest. */
  async pause(): Promise<void> {
    const parts = this.#processes();
    for (const part of parts) signalProcess(part, "SIGSTOP");
    await awaitCondition(() => parts.every(isStill), { withinMs: stillWithinMs });
  }

  resume(): void {
    for (const part of this.#processes()) signalProcess(part, "SIGCONT");
  }

  /** Ends it, and removes its folder with its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end(this.#kind.discardSignal);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running !== undefined) await endProcess(running, signal);
  }

  #processes(): ProcessIdentity[] {
    return this.#running === undefined ? [] : processesOf(this.#running);
  }
}
