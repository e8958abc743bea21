import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { prismProgram } from "./repository.ts";
import { createTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

/** What a `prism.yaml` holds, as far as the tests write it. Addresses are free ports of the loopback unless given. */
export interface PrismConfig {
  readonly backends?: Record<string, unknown>;
  readonly namespaces?: Record<string, unknown>;
  readonly [key: string]: unknown;
}

export interface PrismOptions {
  /** The configuration; text is written as it is. Default: no file. */
  readonly config?: PrismConfig | string;
  /** The folder to run in, kept when the process ends. Default: a new one that goes with the process. */
  readonly folder?: string;
  /** Arguments after `serve`. */
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One line of the log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

// A slow machine with two test files at once; a fast one needs half a second.
const readyWithinMs = 30_000;
const endedWithinMs = 30_000;

/** A proxy that was started the way an operator starts it. Killed at the end of the test if it still runs. */
export class PrismProcess implements AsyncDisposable {
  readonly folder: string;
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #ownFolder: TemporaryFolder | undefined;
  #stdout = "";
  #stderr = "";
  #end: ProcessEnd | undefined;
  #addresses = { listen: "", admin: "" };

  private constructor(child: ChildProcess, folder: string, ownFolder: TemporaryFolder | undefined) {
    this.#child = child;
    this.folder = folder;
    this.#ownFolder = ownFolder;
    child.stdout?.on("data", (chunk: Buffer) => {
      this.#stdout += chunk;
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr += chunk;
    });
    this.ended = once(child, "close").then(([code, signal]) => {
      this.#end = { code, signal };
      return this.#end;
    });
  }

  /** Starts a proxy and waits until it says that it is ready. */
  static async start(options: PrismOptions = {}): Promise<PrismProcess> {
    const prism = await PrismProcess.launch(options);
    try {
      await prism.ready();
      return prism;
    } catch (error) {
      await prism[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts a proxy that may fail to get ready. */
  static async launch(options: PrismOptions = {}): Promise<PrismProcess> {
    const ownFolder = options.folder === undefined ? await createTemporaryFolder() : undefined;
    const folder = options.folder ?? ownFolder?.path ?? "";
    if (options.config !== undefined) await writeConfig(folder, options.config);
    const child = spawn(prismProgram, ["serve", ...(options.arguments ?? [])], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.environment },
    });
    return new PrismProcess(child, folder, ownFolder);
  }

  /** Waits for the line on stdout that says where it listens. */
  async ready(): Promise<void> {
    const line = await eventually("the ready line", readyWithinMs, () => {
      if (this.#end !== undefined)
        throw new Error(`prism ended (${this.#end.code}) before it was ready:\n${this.#stderr}`);
      return this.#stdout.includes("\n") && this.#stdout;
    });
    const { ready, listen, admin } = JSON.parse(line);
    if (ready !== true) throw new Error(`not the ready line: ${line}`);
    this.#addresses = { listen, admin };
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Where apps connect. */
  get listen(): string {
    return this.#addresses.listen;
  }

  /** Where operators connect. */
  get admin(): string {
    return this.#addresses.admin;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The log so far. Throws if a line is not JSON. */
  get log(): LogLine[] {
    return this.#stderr
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<ProcessEnd> {
    this.signal(signal);
    await eventually(`the end of prism after ${signal}`, endedWithinMs, () => this.#end !== undefined);
    return this.ended;
  }

  /** Writes another configuration over the one it reads. */
  async writeConfig(config: PrismConfig | string): Promise<void> {
    await writeConfig(this.folder, config);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#end === undefined) this.#child.kill("SIGKILL");
    await this.ended;
    await this.#ownFolder?.[Symbol.asyncDispose]();
  }
}

async function writeConfig(folder: string, config: PrismConfig | string): Promise<void> {
  // JSON is YAML.
  const text = typeof config === "string" ? config : JSON.stringify({ ...freePorts, ...config }, null, 2);
  await writeFile(join(folder, "prism.yaml"), text);
}

const freePorts = { listen: "127.0.0.1:0", admin: { listen: "127.0.0.1:0" } };
