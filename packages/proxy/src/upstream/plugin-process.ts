import { stat } from "node:fs/promises";
import { type Handshake, parseHandshake, pluginSocketEnv } from "@prism-data/pattern-sdk/protocol";
import { execa } from "execa";
import { LineSplitter } from "./line-splitter.js";
import type { PluginLog } from "./plugin-log.js";
import type { PluginProgram } from "./resolve-plugin.js";

/** The life of one plugin process. */
export type PluginProcessState =
  | { readonly kind: "starting" }
  | { readonly kind: "ready"; readonly handshake: Handshake }
  | { readonly kind: "draining" }
  | { readonly kind: "exited"; readonly exit: ProcessExit };

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** For people: how it ended and the last thing that it said. */
  readonly detail: string;
}

/** A plugin that did not become ready. The message says why. */
export class PluginStartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PluginStartError";
  }
}

/** What a process is started with. */
export interface SpawnOptions {
  readonly program: PluginProgram;
  /** The Node.js that runs plugins written in JavaScript. */
  readonly execPath: string;
  readonly workingDir: string;
  /** The proxy's own environment; only a few variables are handed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the plugin must bind its socket. */
  readonly socket: string;
  /** Makes the log of the process as soon as its id is known. */
  readonly openLog: (pid: number) => PluginLog;
}

/** What a plugin needs of the environment to run at all. Everything else, secrets above all, stays with the proxy. */
const inheritedVariables = ["PATH", "HOME", "TZ", "LANG", "LC_ALL", "TMPDIR"];

/**
 * Until V8's heap has this many MiB, with the values outside of it, it is not collected as a whole. V8 would begin at twice what a
 * plugin holds after its start, so that a dozen values of 1 MiB stop all calls for some ms.
 */
const quietHeapMib = 64;

/** How long the last lines of a dead process may take to come out of its pipes. */
const pipeDrainMs = 200;

/** How long a process may take to end after each stronger hint to do so. */
const exitAfterStdinMs = 1_000;
const exitAfterSigtermMs = 2_000;

/** One plugin process: started, listened to, and ended through its own handle only, never through a stored id. */
export class PluginProcess {
  readonly exited: Promise<ProcessExit>;
  readonly #child: ReturnType<typeof spawn>;
  readonly #log: PluginLog;
  readonly #socket: string;
  readonly #handshake = Promise.withResolvers<Handshake>();
  #state: PluginProcessState = { kind: "starting" };

  constructor(options: SpawnOptions) {
    this.#socket = options.socket;
    this.#child = spawn(options);
    this.#log = options.openLog(this.#child.pid ?? 0);
    // A promise that is rejected before anybody waits for it must not end the proxy.
    this.#handshake.promise.catch(() => undefined);
    const drained = this.#readOutput();
    this.exited = this.#waitForExit(drained);
    // The plugin may end at any time; writing to nobody is no news.
    this.#child.stdin.on("error", () => undefined);
  }

  get state(): PluginProcessState {
    return this.#state;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits for the handshake. Rejects with `PluginStartError` when the process ends, says something wrong, or the signal is aborted. */
  async ready(signal: AbortSignal): Promise<Handshake> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(this.#neverReady());
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const ended = this.exited.then((exit): never => {
      throw new PluginStartError(`the plugin ended before it was ready: ${exit.detail}`);
    });
    try {
      const handshake = await Promise.race([this.#handshake.promise, aborted.promise, ended]);
      await this.#checkSocket(handshake);
      if (this.#state.kind === "starting") this.#state = { kind: "ready", handshake };
      return handshake;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** The plugin was asked to drain: its end is expected. */
  draining(): void {
    if (this.#state.kind !== "exited") this.#state = { kind: "draining" };
  }

  /** Ends the process at once. */
  kill(): void {
    if (this.#state.kind !== "exited") this.#child.kill("SIGKILL");
  }

  /** Ends the process: by closing stdin, which tells it that the proxy is gone; then by force. */
  async stop(): Promise<ProcessExit> {
    this.draining();
    this.#child.stdin.end();
    if (!(await this.exitsWithin(exitAfterStdinMs))) this.#child.kill("SIGTERM");
    if (!(await this.exitsWithin(exitAfterSigtermMs))) this.kill();
    return await this.exited;
  }

  /** Whether the process ends by itself within a time. */
  async exitsWithin(timeoutMs: number): Promise<boolean> {
    const timeout = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => timeout.resolve(false), timeoutMs);
    const exited = await Promise.race([this.exited.then(() => true), timeout.promise]);
    clearTimeout(timer);
    return exited;
  }

  #readOutput(): Promise<unknown> {
    const stdout = new LineSplitter((line) => this.#stdoutLine(line));
    const stderr = new LineSplitter((line) => this.#log.stderrLine(line));
    return Promise.all([pump(this.#child.stdout, stdout), pump(this.#child.stderr, stderr)]);
  }

  #stdoutLine(line: string): void {
    if (this.#state.kind !== "starting") {
      this.#log.stdoutLine(line);
      return;
    }
    try {
      const handshake = parseHandshake(line);
      if (handshake === undefined) this.#log.stdoutLine(line);
      else this.#handshake.resolve(handshake);
    } catch (error) {
      this.#handshake.reject(new PluginStartError((error as Error).message, { cause: error }));
    }
  }

  async #checkSocket(handshake: Handshake): Promise<void> {
    if (handshake.socket !== this.#socket) {
      throw new PluginStartError(
        `the plugin says that it bound ${handshake.socket}, but it must bind the path in ${pluginSocketEnv}, ${this.#socket}`,
      );
    }
    const found = await stat(this.#socket).catch(() => undefined);
    if (found?.isSocket() !== true) {
      throw new PluginStartError(`the plugin says that it is ready, but there is no socket at ${this.#socket}`);
    }
  }

  #neverReady(): PluginStartError {
    const said = this.#log.lastLine;
    const last = said === undefined ? "and logged nothing" : `; its last line: ${said}`;
    return new PluginStartError(
      `the plugin did not say that it is ready in time (no handshake line on stdout) ${last}. If it needs longer, raise start_timeout.`,
    );
  }

  async #waitForExit(drained: Promise<unknown>): Promise<ProcessExit> {
    const child = this.#child.nodeChildProcess;
    const ended = Promise.withResolvers<{ code: number | null; signal: string | null; failure?: Error }>();
    child.once("exit", (code, signal) => ended.resolve({ code, signal }));
    child.once("error", (failure) => ended.resolve({ code: null, signal: null, failure }));
    const { code, signal, failure } = await ended.promise;
    await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, pipeDrainMs).unref())]);
    this.#log.close();
    const how = failure === undefined ? describeEnd(code, signal) : `could not be started: ${describeFailure(failure)}`;
    const said = this.#log.lastLine === undefined ? "" : `; its last line: ${this.#log.lastLine}`;
    const exit = { code: code ?? undefined, signal: signal ?? undefined, detail: `${how}${said}` };
    this.#state = { kind: "exited", exit };
    return exit;
  }
}

function spawn(options: SpawnOptions) {
  const [program, ...args] = options.program.command;
  const node = [`--initial-old-space-size=${quietHeapMib}`, program, ...args];
  const [file, fileArgs] = options.program.isScript ? [options.execPath, node] : [program, args];
  const inherited = inheritedVariables.flatMap((name) => {
    const value = options.environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const child = execa(file, fileArgs, {
    cwd: options.workingDir,
    env: { ...Object.fromEntries(inherited), [pluginSocketEnv]: options.socket },
    extendEnv: false,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    buffer: false,
    reject: false,
    // Its own process group: a terminal's Ctrl-C reaches the proxy alone, which then drains. Its end is tied to ours by stdin.
    detached: true,
    cleanup: false,
    killDescendants: true,
    forceKillAfterDelay: false,
  });
  return child;
}

async function pump(stream: NodeJS.ReadableStream, lines: LineSplitter): Promise<void> {
  try {
    for await (const chunk of stream) lines.push(Buffer.from(chunk));
  } catch {
    // A pipe that breaks has no more lines; how the process ended says the rest.
  }
  lines.end();
}

function describeEnd(code: number | null, signal: string | null): string {
  if (signal !== null) return `was ended by ${signal}`;
  return `exited with code ${code ?? "unknown"}`;
}

function describeFailure(failure: Error): string {
  const { code, path } = failure as NodeJS.ErrnoException;
  if (code === "ENOENT") return `there is no program ${path ?? ""}`;
  if (code === "EACCES") return `${path ?? "it"} may not be run; try chmod +x`;
  return failure.message;
}
