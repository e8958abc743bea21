import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isReachable } from "../account.js";
import { endProcess } from "../end-process.js";
import { awaitReady, launch } from "../launch.js";
import { LocalServerError } from "../local-server-error.js";
import { identify, isRunning, type ProcessIdentity } from "../process-table.js";
import type { Account, Environment, ServerKind } from "../server-kind.js";
import type { StackPorts } from "./stack-ports.js";
import { readRecord, type StackRecord, writeRecord } from "./stack-record.js";

/**
 * How a server of the stack is: `absent` there has been none; `running` it answers; `silent` its process is there and does not
 * answer; `stopped` it was stopped; `ended` it was not stopped and is gone all the same, as after a restart of the machine.
 */
export type StackState = "absent" | "running" | "silent" | "stopped" | "ended";

/** One server of a stack, and where everything of it is. */
export interface StackServer {
  readonly name: string;
  readonly state: StackState;
  /** Where clients find it, as its kind writes that. `undefined`: there has been none. */
  readonly url: string | undefined;
  readonly version: string | undefined;
  /** `undefined`: it does not run. */
  readonly pid: number | undefined;
  readonly dataFolder: string;
  readonly logFile: string;
}

/** Where the data goes of a server that runs as a user who cannot get at the stack's folder. */
const openFolderPrefix = "/var/tmp/prism-stack-";

/** Others may pass through, and see nothing. */
const passableMode = 0o711;

interface StartOptions {
  readonly ports: StackPorts;
  readonly environment: Environment;
  /** Ends the waiting, not the server. */
  readonly signal: AbortSignal | undefined;
}

type RunningRecord = StackRecord & { readonly process: ProcessIdentity };

/** A server of one kind that runs on without whoever started it. */
export class StandingServer {
  readonly #kind: ServerKind;
  readonly #folder: string;
  readonly #logFile: string;

  /** `folder` is this server's own; it holds what is remembered of it. */
  constructor(kind: ServerKind, folder: string) {
    this.#kind = kind;
    this.#folder = folder;
    this.#logFile = join(folder, "server.log");
  }

  /** How it is now. */
  async look(): Promise<StackServer> {
    const record = await readRecord(this.#folder);
    const process = record?.process ?? undefined;
    return {
      name: this.#kind.name,
      state: await this.#stateOf(record),
      url: record && this.#kind.url(record.ports[0]),
      version: record?.version,
      pid: process !== undefined && isRunning(process) ? process.pid : undefined,
      dataFolder: join(record?.elsewhere ?? this.#folder, "data"),
      logFile: this.#logFile,
    };
  }

  /** Starts it unless it runs, and waits until it answers. */
  async start({ ports, environment, signal }: StartOptions): Promise<void> {
    const known = await readRecord(this.#folder);
    const record = isUp(known) ? known : await this.#launch(known, ports, environment);
    await awaitReady(record.process, this.#kind, record, { logFile: this.#logFile, signal });
    // From now on it is also known by its command line.
    const process = identify(record.process.pid);
    if (process?.startTicks === record.process.startTicks) writeRecord(this.#folder, { ...record, process });
  }

  /** Stops it, if it runs. */
  async stop(): Promise<void> {
    const record = await readRecord(this.#folder);
    if (record?.process == null) return;
    await endProcess(record.process, this.#kind.stopSignal);
    writeRecord(this.#folder, { ...record, process: null });
  }

  /** Removes its data, its log and what is remembered of it; it must not run. */
  async remove(): Promise<void> {
    const record = await readRecord(this.#folder);
    if (record === undefined) return;
    // Whatever the record says, nothing but what this class made is removed.
    const { elsewhere } = record;
    if (elsewhere?.startsWith(openFolderPrefix)) await rm(elsewhere, { recursive: true, force: true });
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #launch(
    known: StackRecord | undefined,
    stackPorts: StackPorts,
    environment: Environment,
  ): Promise<RunningRecord> {
    const kind = this.#kind;
    const program = await kind.find(environment);
    const version = await kind.version(program);
    const account = await kind.account?.();
    if (known === undefined) await this.#makeFolder();
    const elsewhere = known === undefined ? await this.#elsewhereFor(account) : known.elsewhere;
    const folder = elsewhere ?? this.#folder;
    await mkdir(folder, { recursive: true, mode: passableMode });
    const ports = await stackPorts.choose(kind, known?.ports);
    const record = { version, ports, elsewhere };
    // Before there is anything else to find or to remove.
    writeRecord(this.#folder, { ...record, process: null });
    const site = { program, folder, ports, account, environment };
    const process = await launch(kind, site, { logFile: this.#logFile, outlives: true });
    writeRecord(this.#folder, { ...record, process });
    return { ...record, process };
  }

  /** A folder of its own, which it may remove: not one in which somebody else keeps something. */
  async #makeFolder(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: passableMode });
    if ((await readdir(this.#folder)).length === 0) return;
    throw new LocalServerError(`${this.#folder} holds something that is not of a stack. Choose another folder for it.`);
  }

  /** A new folder for the data when the account cannot get at this one. */
  async #elsewhereFor(account: Account | undefined): Promise<string | null> {
    if (account === undefined || (await isReachable(this.#folder, account))) return null;
    const folder = await mkdtemp(`${openFolderPrefix}${this.#kind.name}-`);
    await chmod(folder, passableMode);
    return folder;
  }

  async #stateOf(record: StackRecord | undefined): Promise<StackState> {
    if (record === undefined) return "absent";
    if (record.process === null) return "stopped";
    if (!isRunning(record.process)) return "ended";
    return (await this.#kind.isReady(record)) ? "running" : "silent";
  }
}

function isUp(record: StackRecord | undefined): record is RunningRecord {
  return record?.process != null && isRunning(record.process);
}
