import {
  decodeMessage,
  durationFromMs,
  encodeMessage,
  type Handshake,
  PluginClient,
  patternServices,
  type pluginv1,
  stream,
  wireDurability,
  wireSizeLimits,
} from "@prism-data/pattern-sdk/protocol";
import { GrpcClient } from "@prism-data/transport";
import type { NamespaceConfig } from "../config/config.js";
import type { JsonMap, JsonValue, Settings } from "../config/settings.js";

/** How often the plugin reports that it lives, in ms. */
export const heartbeatMs = 2_000;

/** So many heartbeats in a row may be missed; then the process counts as dead. */
export const missedHeartbeatsMax = 3;

/** How long binding one namespace may take, in ms: it may create a table or a topic. */
const bindTimeoutMs = 10_000;

/** How long reading a plugin's metrics may take, in ms; a scrape must not hang on one plugin. */
const metricsTimeoutMs = 1_000;

/** How long describing a stream may take, in ms. */
const describeTimeoutMs = 5_000;

/** How long counting what namespaces hold may take, in ms. */
const storageTimeoutMs = 5_000;

/** The answer to Drain comes this much later than the grace that it was given, in ms. */
const drainAnswerMs = 1_000;

/** What the proxy asks of a running plugin, from Describe to Drain. */
export class PluginSession {
  readonly #connection: GrpcClient;
  readonly #client: PluginClient;

  private constructor(connection: GrpcClient) {
    this.#connection = connection;
    this.#client = new PluginClient(connection);
  }

  /** Connects to the socket of a plugin that said that it is ready. */
  static async connect(handshake: Handshake, signal: AbortSignal): Promise<PluginSession> {
    const metadata = handshake.token === undefined ? [] : [["authorization", `Bearer ${handshake.token}`] as const];
    return new PluginSession(await GrpcClient.connect({ path: handshake.socket }, { metadata, signal }));
  }

  async describe(signal: AbortSignal): Promise<pluginv1.DescribeResponse> {
    return await this.#client.describe({}, { signal });
  }

  async configure(
    backend: { name: string; settings: Settings; dataDir: string; workingDir: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { name, settings, dataDir, workingDir } = backend;
    await this.#client.configure(
      { backend: name, settings: plainCopy(settings.reveal()), dataDir, workingDir },
      { signal },
    );
  }

  async bind(namespace: NamespaceConfig): Promise<pluginv1.BindResponse> {
    return await this.#bind(namespace, false);
  }

  /** What binding it would make or change on the backend, one line each. */
  async plan(namespace: NamespaceConfig): Promise<readonly string[]> {
    return (await this.#bind(namespace, true)).changes;
  }

  async unbind({ name, pattern }: NamespaceConfig): Promise<void> {
    await this.#client.unbind({ namespace: name, pattern, deleteData: false }, { timeoutMs: bindTimeoutMs });
  }

  /** Removes a namespace's data from the backend; says what was removed, one line each. */
  async deleteData({ name, pattern }: NamespaceConfig): Promise<readonly string[]> {
    const request = { namespace: name, pattern, deleteData: true };
    return (await this.#client.unbind(request, { timeoutMs: bindTimeoutMs })).changes;
  }

  async #bind({ name, pattern, needs, options, durability, sizeLimits }: NamespaceConfig, planOnly: boolean) {
    const request = {
      namespace: name,
      pattern,
      needs: [...(needs ?? [])],
      needsGiven: needs !== undefined,
      planOnly,
      options: plainCopy(options),
      durability: wireDurability(durability),
      sizeLimits: wireSizeLimits(sizeLimits),
    };
    return await this.#client.bind(request, { timeoutMs: bindTimeoutMs });
  }

  /** Health reports, at least one per heartbeat, until the signal is aborted or the plugin goes away. */
  health(signal: AbortSignal): AsyncIterable<pluginv1.HealthResponse> {
    return this.#client.health({ interval: durationFromMs(heartbeatMs) }, { signal });
  }

  /** What a stream that is bound holds, and how far a group has come; no group: empty. */
  async describeStream(namespace: string, group: string): Promise<stream.DescribeResponse> {
    const path = `/${patternServices.stream}/Describe`;
    const metadata = [["prism-namespace", encodeURIComponent(namespace)] as const];
    const request = encodeMessage(stream.DescribeRequest, { namespace, group });
    const answer = await this.#connection.unary(path, request, { metadata, timeoutMs: describeTimeoutMs });
    return decodeMessage(stream.DescribeResponse, answer, path);
  }

  async metrics(): Promise<readonly pluginv1.MetricFamily[]> {
    return (await this.#client.metrics({}, { timeoutMs: metricsTimeoutMs })).families;
  }

  /** What bound namespaces hold, in bytes; those left out that cannot be counted now. */
  async storageBytes(namespaces: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { storageBytes } = await this.#client.usage({ namespaces: [...namespaces] }, { timeoutMs: storageTimeoutMs });
    return new Map(Object.entries(storageBytes).map(([name, bytes]) => [name, Number(bytes)]));
  }

  async drain(graceMs: number): Promise<pluginv1.DrainResponse> {
    return await this.#client.drain({ grace: durationFromMs(graceMs) }, { timeoutMs: graceMs + drainAnswerMs });
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

/** Plain, mutable JSON: what the generated Struct takes. */
function plainCopy(map: JsonMap): { [key: string]: JsonValue } {
  return structuredClone(map);
}
