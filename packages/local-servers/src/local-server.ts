import assert from "node:assert";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { awaitCondition } from "./await-condition.js";
import { checkPlatform, type Launched, launch } from "./launch.js";
import { LocalServerError } from "./local-server-error.js";
import { logTail } from "./log-tail.js";
import { freePorts } from "./loopback-port.js";
import { descendantsOf, identify, isRunning, type ProcessIdentity, signalProcess } from "./process-table.js";
import type { Environment, ServerKind, ServerSite } from "./server-kind.js";

/** Far above what any server needs, on a machine that does much else. */
const readyWithinMs = 60_000;
const stoppedWithinMs = 30_000;

export interface LocalServerOptions {
  /** Where programs are looked for: `PATH`, `PRISM_PROGRAMS_DIR`. Usually `process.env`. */
  readonly environment: Environment;
  /** Further arguments of the server, once its folder is known. Default: none. */
  readonly arguments?: (folder: string) => readonly string[];
  /** Its ports, one for each of the kind's. Default: free ones. */
  readonly ports?: readonly [number, ...number[]];
}

interface Running extends Launched {
  /** Why it does not run any more. Never rejects. */
  readonly ended: Promise<string>;
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
  #running: Running | undefined;

  private constructor(kind: ServerKind, site: ServerSite, more: readonly string[]) {
    this.folder = site.folder;
    this.port = site.ports[0];
    this.#kind = kind;
    this.#site = site;
    this.#more = more;
  }

  /** Starts a server and waits until it answers. Throws LocalServerError when it is not installed or does not start. */
  static async start(kind: ServerKind, options: LocalServerOptions): Promise<LocalServer> {
    checkPlatform();
    const program = await kind.find(options.environment);
    const folder = await mkdtemp(join(tmpdir(), `prism-${kind.name}-`));
    // A server that runs as another user must get at its data.
    await chmod(folder, 0o711);
    const ports = options.ports ?? ((await freePorts(kind.standardPorts.length)) as [number, ...number[]]);
    const site = { program, folder, ports, environment: options.environment };
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
    assert(this.#running === undefined, `${this.#kind.name} runs already`);
    const { folder, environment } = this.#site;
    await this.#kind.prepare(this.#site);
    const command = await this.#kind.command(this.#site);
    const given = { ...command, arguments: [...command.arguments, ...this.#more] };
    const launched = await launch(given, { logFile: this.logFile, folder, outlives: false, environment });
    const running = { ...launched, ended: endOf(launched.child) };
    this.#running = running;
    const problem = await this.#problemOf(running);
    if (problem === undefined) return;
    throw new LocalServerError(`${this.#kind.name} did not start: ${problem}.\n${await logTail(this.logFile)}`);
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

  /** Keeps it from doing anything, with its connections left open, until `resume`. */
  pause(): void {
    for (const part of this.#processes()) signalProcess(part, "SIGSTOP");
  }

  resume(): void {
    for (const part of this.#processes()) signalProcess(part, "SIGCONT");
  }

  /** Ends it, and removes its folder with its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end(this.#kind.discardSignal);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #problemOf({ ended }: Running): Promise<string | undefined> {
    const giveUp = new AbortController();
    const ready = awaitCondition(() => this.#kind.isReady(this.#site), {
      withinMs: readyWithinMs,
      signal: giveUp.signal,
    });
    const answer = ready.then((isReady) => (isReady ? undefined : `no answer within ${readyWithinMs} ms`));
    try {
      return await Promise.race([answer, ended]);
    } finally {
      giveUp.abort();
      await answer.catch(() => {});
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const parts = this.#processes();
    this.#running = undefined;
    const over = () => !parts.some(isRunning);
    if (signal !== "SIGKILL") {
      // One that is paused would not hear it.
      for (const part of parts) signalProcess(part, "SIGCONT");
      running.child.kill(signal);
      if (await awaitCondition(over, { withinMs: stoppedWithinMs })) return;
    }
    for (const part of parts) signalProcess(part, "SIGKILL");
    await running.ended;
    if (await awaitCondition(over, { withinMs: stoppedWithinMs })) return;
    throw new LocalServerError(`${this.#kind.name} (process ${running.pid}) does not end.`);
  }

  /** The server and what it has started. */
  #processes(): ProcessIdentity[] {
    if (this.#running === undefined) return [];
    const { pid } = this.#running;
    const server = identify(pid);
    return server === undefined ? [] : [server, ...descendantsOf(pid)];
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return once(child, "exit").then(([code, signal]) => `it ended with ${signal ?? code}`);
}
