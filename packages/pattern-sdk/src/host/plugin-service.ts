import type { GrpcMethod, ServerCall, StreamingServerCall } from "@prism-data/transport";
import { describePlugin, type StaticPatternDescription } from "../description.js";
import type { Durability } from "../durability.js";
import { GatewayError } from "../errors.js";
import type { BackendHealth, Logger, MetricFamily } from "../plugin.js";
import * as wire from "../protocol/gen/prism/plugin/v1/plugin.js";
import { decodeMessage, encodeMessage, type MessageType } from "../protocol/message.js";
import { pluginService } from "../protocol/plugin-client.js";
import { durabilityOfWire, wireDurability } from "../protocol/wire-durability.js";
import { sizeLimitsOfWire, wireSizeLimits } from "../protocol/wire-size-limits.js";
import { msFromDuration } from "../protocol/wire-time.js";
import type { PluginHost } from "./plugin-host.js";
import { translatedError } from "./translated-error.js";

const healthIntervalMs = { default: 2_000, min: 100, max: 60_000 } as const;
const drainGraceMs = { default: 5_000, min: 0, max: 3_600_000 } as const;

/** What the service needs besides the host. */
export interface PluginServiceOptions {
  readonly host: PluginHost;
  readonly log: Logger;
  /** Called when a drain has been answered: the process may end once the answer is out. */
  onDrained(): void;
}

/** The methods of `prism.plugin.v1.PluginService`, by path. */
export function pluginMethods(options: PluginServiceOptions): ReadonlyMap<string, GrpcMethod> {
  const { host, log } = options;
  const health: GrpcMethod = { kind: "stream", handle: (call) => reportHealth(call, host) };
  const methods: [string, GrpcMethod][] = [...unaryMethods(options), ["Health", health]];
  return new Map(methods.map(([name, method]) => [`/${pluginService}/${name}`, translated(method, log)]));
}

function unaryMethods({ host, onDrained }: PluginServiceOptions): [string, GrpcMethod][] {
  return [
    unary("Describe", wire.DescribeRequest, wire.DescribeResponse, () => wireDescription(host)),
    unary("Configure", wire.ConfigureRequest, wire.ConfigureResponse, async (request) => {
      await host.configure({ ...request, settings: request.settings ?? {} });
      return {};
    }),
    unary("Bind", wire.BindRequest, wire.BindResponse, (request) => bind(request, host)),
    unary("Unbind", wire.UnbindRequest, wire.UnbindResponse, async ({ namespace, pattern, deleteData }) => {
      return { changes: [...(await host.unbind(namespace, pattern, deleteData))] };
    }),
    unary("Metrics", wire.MetricsRequest, wire.MetricsResponse, () => ({ families: host.metrics().map(wireFamily) })),
    unary("Usage", wire.UsageRequest, wire.UsageResponse, async ({ namespaces }) => {
      return { storageBytes: wireLimits(Object.fromEntries(await host.bindings.storageBytes(namespaces))) };
    }),
    unary("Drain", wire.DrainRequest, wire.DrainResponse, async ({ grace }) => {
      const counts = await host.drain(durationWithin(grace, drainGraceMs, "grace"));
      onDrained();
      return { ...counts };
    }),
  ];
}

function unary<Request, Response>(
  name: string,
  requestType: MessageType<Request>,
  responseType: MessageType<Response>,
  answer: (request: Request) => Response | Promise<Response>,
): [string, GrpcMethod] {
  const handle = async (message: Uint8Array) => {
    const request = decodeMessage(requestType, message, `prism.plugin.v1.${name}Request`);
    return encodeMessage(responseType, await answer(request));
  };
  return [name, { kind: "unary", handle }];
}

/** The same method, with every error turned into a status. */
function translated(method: GrpcMethod, log: Logger): GrpcMethod {
  const run = async <T>(call: ServerCall, serve: () => PromiseLike<T> | T): Promise<T> => {
    try {
      return await serve();
    } catch (error) {
      throw translatedError(error, call, log);
    }
  };
  if (method.kind === "stream") return { kind: "stream", handle: (call) => run(call, () => method.handle(call)) };
  return { kind: "unary", handle: (message, call) => run(call, () => method.handle(message, call)) };
}

async function bind(request: wire.BindRequest, host: PluginHost): Promise<wire.BindResponse> {
  const { namespace, pattern, options = {} } = request;
  const asked = {
    namespace,
    pattern,
    needs: request.needsGiven ? request.needs : undefined,
    options,
    durability: neededDurability(request.durability),
    sizeLimits: sizeLimitsOfWire(request.sizeLimits),
  };
  const { changes, capabilities, limits, durability } = await (request.planOnly ? host.plan(asked) : host.bind(asked));
  return {
    changes: [...changes],
    capabilities: [...capabilities],
    limits: wireLimits(limits),
    durability: wireDurability(durability),
    sizeLimits: wireSizeLimits(asked.sizeLimits),
  };
}

/** Invariant: what is not understood is not taken for less. */
function neededDurability(number: number): Durability | undefined {
  const durability = durabilityOfWire(number);
  if (durability !== undefined || number === wire.Durability.UNSPECIFIED) return durability;
  throw new GatewayError(
    "INVALID_FIELD",
    `durability: ${number} is not known to this plugin; use a newer version of it.`,
    {
      fieldViolations: [{ field: "durability", description: `${number} is not known to this plugin` }],
    },
  );
}

async function reportHealth(call: StreamingServerCall, host: PluginHost): Promise<void> {
  const { interval } = await healthRequest(call);
  const intervalMs = durationWithin(interval, healthIntervalMs, "interval");
  const ended = AbortSignal.any([call.signal, host.draining]);
  while (!ended.aborted) {
    if (!call.write(encodeMessage(wire.HealthResponse, wireHealth(host.health.current)))) await call.writable();
    await host.health.news(intervalMs, ended);
  }
}

async function healthRequest(call: StreamingServerCall): Promise<wire.HealthRequest> {
  for await (const message of call.messages()) {
    return decodeMessage(wire.HealthRequest, message, "prism.plugin.v1.HealthRequest");
  }
  throw new GatewayError("MALFORMED_MESSAGE", "The call ended without a request. Send one HealthRequest message.");
}

function durationWithin(
  duration: Parameters<typeof msFromDuration>[0] | undefined,
  bounds: { readonly default: number; readonly min: number; readonly max: number },
  field: string,
): number {
  if (duration === undefined) return bounds.default;
  const durationMs = msFromDuration(duration);
  if (durationMs >= bounds.min && durationMs <= bounds.max) return durationMs;
  const description = `is ${durationMs} ms; give ${bounds.min} to ${bounds.max} ms`;
  throw new GatewayError("INVALID_FIELD", `${field}: ${description}.`, { fieldViolations: [{ field, description }] });
}

function wireDescription({ plugin }: PluginHost): wire.DescribeResponse {
  const { name, version, durability, patterns, services = [], replicable = false, settings } = describePlugin(plugin);
  return {
    name,
    version,
    patterns: Object.entries(patterns).map(([pattern, description]) => wirePattern(pattern, description)),
    durability: wireDurability(durability),
    settingsSchema: JSON.stringify(settings),
    services: [...services],
    fileDescriptorSet: plugin.services?.fileDescriptorSet ?? new Uint8Array(0),
    replicable,
  };
}

function wirePattern(pattern: string, description: StaticPatternDescription): wire.PatternDescription {
  const { capabilities, limits, durability, options, countsStorage = false } = description;
  return {
    pattern,
    capabilities: [...capabilities],
    limits: wireLimits(limits),
    durability: wireDurability(durability),
    optionsSchema: options === undefined ? "" : JSON.stringify(options),
    countsStorage,
  };
}

function wireLimits(limits: Readonly<Record<string, number>>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, BigInt(limit)]));
}

function wireHealth(health: BackendHealth | undefined): wire.HealthResponse {
  if (health === undefined) return { backend: wire.BackendHealth.UNSPECIFIED, message: "" };
  if (health.reachable) return { backend: wire.BackendHealth.REACHABLE, message: "" };
  return { backend: wire.BackendHealth.UNREACHABLE, message: health.message };
}

function wireFamily({ name, help, kind, samples }: MetricFamily): wire.MetricFamily {
  return {
    name,
    help,
    kind: kind === "counter" ? wire.MetricKind.COUNTER : wire.MetricKind.GAUGE,
    samples: samples.map(({ labels, value }) => ({ labels: { ...labels }, value })),
  };
}
