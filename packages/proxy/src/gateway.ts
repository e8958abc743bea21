import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type AdminContent, type AdminPort, openAdminPort } from "./admin/admin-port.js";
import { adminMethods } from "./admin/admin-service.js";
import { formatPluginMetrics } from "./admin/plugin-metrics.js";
import type { GatewayPhase } from "./admin/readiness.js";
import { CapacityControl } from "./capacity/capacity-control.js";
import { capacityKnobs } from "./capacity/capacity-knobs.js";
import { capacitySources } from "./capacity/capacity-sources.js";
import type { CapacitySources } from "./capacity/capacity-watch.js";
import { type Address, formatAddress } from "./config/address.js";
import { type Config, changedStartOptions, sameConfig } from "./config/config.js";
import { configFileName, loadConfig } from "./config/load.js";
import type { ConfigFlags } from "./config/overrides.js";
import { ConfigError } from "./config/problem.js";
import { type FileWatch, watchFiles } from "./config/watch.js";
import { DeclaredNamespaces } from "./control/declared-namespaces.js";
import { createDataPath } from "./data-path/data-path.js";
import { type Front, openFront } from "./downstream/front.js";
import { createPortPair, type FromDataPath, type ToDataPath } from "./messages.js";
import { settledWithin } from "./settled-within.js";
import type { Logger } from "./telemetry/log.js";
import { Metrics } from "./telemetry/metrics.js";
import { type BackendFailure, Backends, type NamespaceView } from "./upstream/backends.js";
import { DataPathLink } from "./upstream/data-path-link.js";
import type { PluginHost } from "./upstream/plugin-instance.js";
import type { BackendView } from "./upstream/replicas.js";
import { sweepSocketDirs } from "./upstream/socket-dir.js";
import { StorageWatch } from "./upstream/storage-watch.js";

/** What a gateway is started with. */
export interface GatewayOptions {
  /** From `loadConfig`. */
  readonly config: Config;
  /** What the configuration was loaded with besides its file, so that it can be loaded again. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags?: ConfigFlags;
  readonly shippedPluginBases: readonly string[];
  readonly log: Logger;
  /** The Node.js that runs plugins written in JavaScript. */
  readonly execPath: string;
}

/** A gateway that could not start. The message says what to do. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StartError";
  }
}

/** What became of a reload. */
export type ReloadOutcome =
  /** The new configuration serves. Backends that did not start are named; so are options that need another start of the proxy. */
  | {
      readonly result: "applied";
      readonly failures: readonly BackendFailure[];
      readonly needRestart: readonly string[];
    }
  | { readonly result: "unchanged" }
  /** The file cannot be used (`ConfigError`), or something else went wrong; the last good configuration serves on. */
  | { readonly result: "rejected" | "failed"; readonly error: Error };

/**
 * How long an app may take to hear that no new calls are taken (GOAWAY), in ms. Then the plugins drain too: streams that only they
 * can end well would otherwise last for the whole grace.
 */
const lastCallsMs = 1_000;

/** Plugins get at least this long to end well, in ms, even when calls used the whole grace up. */
const pluginGraceMinMs = 1_000;

/**
 * Starts the gateway: opens both ports, then starts the plugins. Resolves as soon as the ports are open; `ready` tells when the
 * plugins had their first try. Apps that connect before wait until then: a call is not refused because the proxy is young.
 * Rejects with `StartError` when a port cannot be had.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, environment, execPath, log } = options;
  await using opened = new AsyncDisposableStack();
  const tmpDir = environment.TMPDIR || tmpdir();
  await sweepSocketDirs(tmpDir);
  const metrics = new Metrics({ version: await ownVersion() });
  const [dataPathPort, supervisionPort] = createPortPair<ToDataPath, FromDataPath>();
  const dataPath = createDataPath({ port: dataPathPort, limits: config.limits, metrics, log });
  opened.defer(() => dataPath.close());
  const serving = Promise.withResolvers<void>();
  const front = await listenOrExplain(config.listen, "listen", () =>
    openFront(config, {
      handlers: {
        onHttp1: (socket, principal) => dataPath.acceptHttp1(socket, principal),
        onHttp2: (socket, principal) => dataPath.acceptHttp2(socket, principal),
      },
      servingFrom: serving.promise,
      metrics,
      log,
    }),
  );
  opened.defer(() => front.close());
  let instances = 0;
  const link = new DataPathLink(supervisionPort);
  const host: PluginHost = {
    execPath,
    environment,
    workingDir: config.workingDir,
    tmpDir,
    dataDir: config.dataDir,
    log,
    metrics,
    now: () => performance.timeOrigin + performance.now(),
    random: Math.random,
    nextInstance: () => ++instances,
  };
  const backends = new Backends(config, { host, link });
  const declared = new DeclaredNamespaces(config, {
    location: config.controlState,
    backends,
    metrics,
    log,
    now: Date.now,
  });
  opened.use(declared);
  const storage = new StorageWatch(backends, {
    onCounted: (bytes) => {
      link.send({ type: "storage", bytes });
      metrics.namespaceStorage(bytes);
    },
    log,
  });
  const life: Life = { phase: "starting", reloadProblem: undefined };
  const capacity = capacitySources(backends, metrics);
  const admin = await listenOrExplain(config.admin.listen, "admin.listen", () =>
    openAdminPort(config.admin.listen, adminContent({ backends, declared, capacity, metrics, life, front, log }), log),
  );
  opened.move();
  const control = new CapacityControl({
    sources: capacity,
    policy: () => (life.phase === "serving" ? backends.config.capacity : undefined),
    knobs: capacityKnobs(backends, declared),
    log,
    metrics,
  });
  return new Gateway(options, {
    ...{ metrics, link, front, admin, backends, declared, control, storage, life },
    serve: serving.resolve,
  });
}

/** What the admin port shows of the gateway itself. */
interface Life {
  phase: GatewayPhase;
  /** Why the last reload was refused. */
  reloadProblem: string | undefined;
}

interface GatewayParts {
  readonly metrics: Metrics;
  readonly link: DataPathLink;
  readonly front: Front;
  readonly admin: AdminPort;
  readonly backends: Backends;
  readonly declared: DeclaredNamespaces;
  readonly control: CapacityControl;
  readonly storage: StorageWatch;
  readonly life: Life;
  /** Lets apps in that have connected. */
  serve(): void;
}

/** A running gateway. */
export class Gateway {
  /** Where apps connect, as HOST:PORT with the port that was really taken. */
  readonly listen: string;
  /** Where operators connect, likewise. */
  readonly admin: string;
  /** Resolves when every plugin serves or its first start failed. With `strict_start`: rejects with `StartError` when one failed. */
  readonly ready: Promise<void>;
  readonly #options: GatewayOptions;
  readonly #parts: GatewayParts;
  readonly #watch: FileWatch;
  #config: Config;
  #lastReload: Promise<unknown> = Promise.resolve();
  #drained: Promise<{ completed: number; aborted: number }> | undefined;

  constructor(options: GatewayOptions, parts: GatewayParts) {
    this.#options = options;
    this.#parts = parts;
    this.#config = options.config;
    this.listen = formatAddress(parts.front);
    this.admin = formatAddress(parts.admin);
    this.ready = this.#start();
    // Whoever waits for it hears of it; that nobody waits is no reason to end the process.
    this.ready.catch(() => undefined);
    this.#watch = watchFiles(() => void this.reload());
    this.#watch.watch(filesToWatch(this.#config));
  }

  /** The backends as they are now, by name. */
  get backends(): readonly BackendView[] {
    return this.#parts.backends.list();
  }

  /** The namespaces as they are now, by name. */
  get namespaces(): readonly NamespaceView[] {
    return this.#parts.backends.listNamespaces();
  }

  /**
   * Reads the configuration again and changes to it. Calls that have nothing to do with what changed notice nothing. One reload
   * at a time; never rejects.
   */
  reload(): Promise<ReloadOutcome> {
    const reload = this.#lastReload.then(() => this.#reload());
    this.#lastReload = reload;
    return reload;
  }

  /** Takes no new connections, lets calls in flight finish within the grace, ends the plugins, closes everything. Idempotent. */
  drain(graceMs: number): Promise<{ completed: number; aborted: number }> {
    this.#drained ??= this.#drain(graceMs);
    return this.#drained;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(0);
  }

  async #start(): Promise<void> {
    const { backends, declared, storage, life, serve } = this.#parts;
    await declared.start();
    await backends.start();
    storage.start();
    if (life.phase !== "starting") return;
    const failures = failuresOf(backends);
    if (this.#config.strictStart && failures.length > 0) {
      throw new StartError(`strict start: ${failures.join("; ")}`);
    }
    life.phase = "serving";
    serve();
    this.#options.log.info({ listen: this.listen, admin: this.admin, failures }, "gateway serving");
  }

  async #reload(): Promise<ReloadOutcome> {
    const { metrics, life } = this.#parts;
    const outcome = await this.#tryReload();
    life.reloadProblem = "error" in outcome ? outcome.error.message : undefined;
    metrics.configReloaded(outcome.result);
    this.#report(outcome);
    return outcome;
  }

  async #tryReload(): Promise<ReloadOutcome> {
    try {
      const next = await this.#loadAgain();
      this.#watch.watch(filesToWatch(next));
      return sameConfig(this.#config, next) ? { result: "unchanged" } : await this.#apply(next);
    } catch (error) {
      return { result: error instanceof ConfigError ? "rejected" : "failed", error: error as Error };
    }
  }

  #report(outcome: ReloadOutcome): void {
    const { log } = this.#options;
    switch (outcome.result) {
      case "applied":
        log.info({ failures: outcome.failures, needRestart: outcome.needRestart }, "configuration changed");
        break;
      case "unchanged":
        log.info({}, "configuration read again; nothing changed");
        break;
      case "rejected":
        log.error({ reason: outcome.error.message }, "configuration refused; the last good one serves");
        break;
      case "failed":
        log.error({ err: outcome.error }, "configuration not read again; the last good one serves");
        break;
    }
  }

  async #apply(next: Config): Promise<ReloadOutcome & { result: "applied" }> {
    const needRestart = changedStartOptions(this.#options.config, next);
    this.#config = next;
    const failures = await this.#parts.declared.useFile(next);
    return { result: "applied", failures, needRestart };
  }

  async #loadAgain(): Promise<Config> {
    const { environment, flags = {}, shippedPluginBases } = this.#options;
    const { file, workingDir } = this.#config;
    return await loadConfig({ file, workingDir, environment, flags, shippedPluginBases });
  }

  async #drain(graceMs: number): Promise<{ completed: number; aborted: number }> {
    const { front, admin, link, backends, declared, control, storage, life } = this.#parts;
    life.phase = "draining";
    const controlEnded = control[Symbol.asyncDispose]();
    storage[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
    const startedMs = performance.now();
    front.close();
    const drained = link.drain(graceMs);
    await settledWithin(drained, lastCallsMs);
    const leftMs = Math.max(pluginGraceMinMs, graceMs - (performance.now() - startedMs));
    const [counts] = await Promise.all([drained, backends.stop(leftMs)]);
    await admin.close();
    await controlEnded;
    await declared[Symbol.asyncDispose]();
    this.#options.log.info({ ...counts }, "gateway drained");
    return counts;
  }
}

function adminContent({
  backends,
  declared,
  capacity,
  metrics,
  life,
  front,
  log,
}: Pick<GatewayParts, "backends" | "declared" | "metrics" | "life" | "front"> & {
  readonly capacity: CapacitySources;
  readonly log: Logger;
}): AdminContent {
  return {
    methods: adminMethods(backends, declared, { capacity, log }),
    status: () => ({
      ...life,
      backends: backends.list(),
      namespaces: backends.listNamespaces(),
      services: backends.listServices(),
      control: declared.status,
      tls: front.tls,
      nowMs: Date.now(),
    }),
    async metrics() {
      const { registry } = metrics;
      const ownNames = new Set(registry.getMetricsAsArray().map(({ name }) => name));
      const [own, ofPlugins] = await Promise.all([registry.metrics(), backends.metrics()]);
      return { contentType: registry.contentType, text: `${own}\n${formatPluginMetrics(ofPlugins, ownNames)}` };
    },
  };
}

/** Failures that one message names; /readyz?verbose has all. */
const namedFailuresMax = 20;

/** What a strict start does not accept. */
function failuresOf(backends: Backends): readonly string[] {
  const all = backends.list();
  const wantsNone = new Set(all.filter(({ state }) => state === "disabled").map(({ name }) => name));
  const failed = all.filter(({ name, state }) => state !== "ready" && !wantsNone.has(name));
  const unbound = backends
    .listNamespaces()
    .filter(({ state, backend }) => state !== "bound" && !wantsNone.has(backend));
  const failures = [
    ...failed.map(({ name, state, detail }) => `backend ${name} is ${state}: ${detail}`),
    ...unbound.map(({ name, detail }) => `namespace ${name} is not bound: ${detail}`),
  ];
  if (failures.length <= namedFailuresMax) return failures;
  return [...failures.slice(0, namedFailuresMax), `and ${failures.length - namedFailuresMax} more`];
}

/** A configuration that came from no file may get one. */
function filesToWatch(config: Config): readonly string[] {
  return config.file === undefined ? [path.join(config.workingDir, configFileName)] : config.sources;
}

/** Opens a port; when that fails, says which, why, and what to do. */
async function listenOrExplain<T>(at: Address, option: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    const why = listenFailures[code] ?? (cause as Error).message;
    throw new StartError(`cannot listen on ${formatAddress(at)} (${option}): ${why}`, { cause });
  }
}

const listenFailures: Readonly<Record<string, string>> = {
  EADDRINUSE:
    "the port is in use, perhaps by another Prism. Stop that process, or choose another port; port 0 picks a free one",
  EACCES: "the port may not be used by this user; choose one above 1023",
  EADDRNOTAVAIL: "this machine does not have that address; 0.0.0.0 listens on all that it has",
  ENOTFOUND: "the host name is not known; use an address such as 127.0.0.1",
};

async function ownVersion(): Promise<string> {
  const manifest = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
