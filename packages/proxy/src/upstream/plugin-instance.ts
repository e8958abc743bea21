import path from "node:path";
import { GatewayError, pluginv1, type stream } from "@prism-data/pattern-sdk/protocol";
import type { BackendConfig, NamespaceConfig } from "../config/config.js";
import type { PluginEndpoint } from "../messages.js";
import type { Random } from "../policy/backoff.js";
import type { Logger } from "../telemetry/log.js";
import type { Metrics } from "../telemetry/metrics.js";
import { HealthWatch, type ReportedHealth } from "./health-watch.js";
import { NamespaceBindings } from "./namespace-bindings.js";
import { PluginLog } from "./plugin-log.js";
import { PluginProcess, PluginStartError } from "./plugin-process.js";
import { PluginSession } from "./plugin-session.js";
import { openSocketDir, type SocketDir } from "./socket-dir.js";

/** What every plugin process of this proxy is started with. */
export interface PluginHost {
  readonly execPath: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDir: string;
  /** Where the socket folders go. */
  readonly tmpDir: string;
  /** The folder below which each backend has its own. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly random: Random;
  /** Numbers the processes of all backends, so that no two have the same. */
  readonly nextInstance: () => number;
}

/** How an instance ended. */
export interface InstanceEnd {
  readonly why: "crashed" | "unresponsive" | "stopped";
  /** Somebody ended it with SIGKILL: an operator, a test, the kernel when memory ran out. Not this proxy. */
  readonly killed: boolean;
  readonly detail: string;
}

/** What this proxy has decided about an instance. */
type Fate =
  | { readonly kind: "serving" }
  | { readonly kind: "retiring" }
  | { readonly kind: "unresponsive"; readonly why: string };

/** How long the end of a process may come after the end of its connection, in ms. */
const exitNoticeMs = 100;

/** After the answer to Drain the plugin exits by itself; this long it may take, in ms. */
const exitAfterDrainMs = 1_000;

/** A plugin process that is ready: described, configured, watched. */
export class PluginInstance {
  readonly id: number;
  readonly description: pluginv1.DescribeResponse;
  readonly bindings: NamespaceBindings;
  readonly endpoint: PluginEndpoint;
  /** Resolves when the process has ended. */
  readonly ended: Promise<InstanceEnd>;
  /** Resolves when nothing is left of it: neither the process nor its folder. */
  readonly gone: Promise<void>;
  readonly #process: PluginProcess;
  readonly #session: PluginSession;
  readonly #health: HealthWatch;
  readonly #log: Logger;
  #fate: Fate = { kind: "serving" };

  private constructor(parts: {
    id: number;
    process: PluginProcess;
    session: PluginSession;
    dir: SocketDir;
    description: pluginv1.DescribeResponse;
    endpoint: PluginEndpoint;
    host: PluginHost;
    log: Logger;
    onChange: () => void;
  }) {
    const { process, session, description, host, log, onChange } = parts;
    this.id = parts.id;
    this.#process = process;
    this.#session = session;
    this.#log = log;
    this.description = description;
    this.endpoint = parts.endpoint;
    this.bindings = new NamespaceBindings({ binder: session, description, onChange, random: host.random, log });
    this.#health = new HealthWatch(session, {
      onChange: ({ backend, message }) => {
        const reachable = backend === pluginv1.BackendHealth.REACHABLE;
        if (reachable) log.info({ reachable }, "backend health changed");
        else log.warn({ reachable, reason: message }, "backend health changed");
        onChange();
      },
      onUnresponsive: (why) => void this.#killUnresponsive(why),
    });
    this.ended = this.#untilEnded();
    this.gone = this.#cleanUpAfter(parts.dir);
  }

  /** Starts a process and brings it up to Configure. Rejects with `PluginStartError`; then nothing is left of it. */
  static async start(
    options: { id: number; backend: BackendConfig; onChange: () => void },
    host: PluginHost,
    signal: AbortSignal,
  ): Promise<PluginInstance> {
    const { id, backend } = options;
    const log = host.log.child({ backend: backend.name, instance: id });
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(backend.startTimeoutMs)]);
    await using cleanup = new AsyncDisposableStack();
    const dir = cleanup.use(await openSocketDir(host.tmpDir));
    const process = new PluginProcess({
      program: backend.program,
      execPath: host.execPath,
      workingDir: host.workingDir,
      environment: host.environment,
      socket: dir.socket,
      openLog: (pid) =>
        new PluginLog({
          log: log.child({ pid }),
          now: host.now,
          onDropped: (count) => host.metrics.pluginLogLinesDropped(backend.name, count),
        }),
    });
    cleanup.defer(async () => {
      process.kill();
      await process.exited;
    });
    const handshake = await process.ready(deadline);
    const session = cleanup.adopt(await PluginSession.connect(handshake, deadline), (opened) => opened.close());
    const description = await beforeEnd(process, introduce(session, backend, host, deadline));
    cleanup.move();
    const { token, takes_cancels: takesCancels = false } = handshake;
    const endpoint = { socket: dir.socket, token, takesCancels };
    const { onChange } = options;
    return new PluginInstance({ id, process, session, dir, description, endpoint, host, log, onChange });
  }

  get pid(): number {
    return this.#process.state.kind === "exited" ? 0 : this.#process.pid;
  }

  get health(): ReportedHealth {
    return this.#health.current;
  }

  metrics(): Promise<readonly pluginv1.MetricFamily[]> {
    return this.#session.metrics();
  }

  /** What bound namespaces hold, in bytes; those left out that cannot be counted now. */
  storageBytes(namespaces: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.#session.storageBytes(namespaces);
  }

  /** What binding a namespace would make or change on the backend, one line each. */
  plan(namespace: NamespaceConfig): Promise<readonly string[]> {
    return this.#session.plan(namespace);
  }

  /** What a stream that is bound holds, and how far a group has come; no group: empty. */
  describeStream(namespace: string, group: string): Promise<stream.DescribeResponse> {
    return this.#session.describeStream(namespace, group);
  }

  /** Removes the data of a namespace that is not bound; says what was removed, one line each. */
  deleteData(namespace: NamespaceConfig): Promise<readonly string[]> {
    return this.#session.deleteData(namespace);
  }

  /** Ends the process: Drain with the grace, then a closed stdin, then by force. Nothing is acknowledged or rejected by it. */
  async retire(graceMs: number): Promise<void> {
    if (this.#fate.kind === "serving") this.#fate = { kind: "retiring" };
    this.#process.draining();
    this.#health.stop();
    this.bindings.close();
    try {
      const counts = await this.#session.drain(graceMs);
      this.#log.debug({ ...counts }, "plugin drained");
      await this.#process.exitsWithin(exitAfterDrainMs);
    } catch (error) {
      if (this.pid !== 0) this.#log.warn({ reason: (error as Error).message }, "plugin did not drain");
    }
    await this.#process.stop();
    await this.gone;
  }

  /** Ends the process at once. */
  kill(): void {
    this.#process.kill();
  }

  async #killUnresponsive(why: string): Promise<void> {
    // A process that has just ended breaks its connection first; that is a crash and no lack of response.
    if (await this.#process.exitsWithin(exitNoticeMs)) return;
    if (this.#fate.kind !== "serving") return;
    this.#fate = { kind: "unresponsive", why };
    this.#log.error({ reason: why, pid: this.pid }, "plugin does not respond; it is ended");
    this.#process.kill();
  }

  async #untilEnded(): Promise<InstanceEnd> {
    const { detail, signal } = await this.#process.exited;
    if (this.#fate.kind === "unresponsive") return { why: "unresponsive", killed: false, detail: this.#fate.why };
    if (this.#fate.kind === "retiring") return { why: "stopped", killed: false, detail };
    return { why: "crashed", killed: signal === "SIGKILL", detail };
  }

  async #cleanUpAfter(dir: SocketDir): Promise<void> {
    await this.#process.exited;
    this.#health.stop();
    this.bindings.close();
    try {
      await this.#session.close();
      await dir[Symbol.asyncDispose]();
    } catch (error) {
      this.#log.warn({ err: error }, "not all of an ended plugin could be cleaned up");
    }
  }
}

/** Describe and Configure; the plugin's answer to why its settings are wrong becomes the reason. */
async function introduce(session: PluginSession, backend: BackendConfig, host: PluginHost, signal: AbortSignal) {
  const description = await session.describe(signal);
  const { name, settings } = backend;
  const dataDir = path.join(host.dataDir, name);
  try {
    await session.configure({ name, settings, dataDir, workingDir: host.workingDir }, signal);
  } catch (error) {
    const violations = error instanceof GatewayError ? error.fieldViolations : [];
    const details = violations.map(({ field, description: what }) => `; settings.${field}: ${what}`).join("");
    throw new PluginStartError(`the plugin refused its settings: ${(error as Error).message}${details}`, {
      cause: error,
    });
  }
  return description;
}

/** The work's result, unless the process ends first: then why it ended is the better explanation. */
async function beforeEnd<T>(process: PluginProcess, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    // A lost connection is noticed before the end of the process that caused it.
    if (await process.exitsWithin(exitNoticeMs)) {
      const { detail } = await process.exited;
      throw new PluginStartError(`the plugin ended before it was configured: ${detail}`, { cause: error });
    }
    throw error;
  }
}
