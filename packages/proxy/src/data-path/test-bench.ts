import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ConnectionOptions,
  GrpcClient,
  type GrpcMethod,
  GrpcServer,
  type ServerCall,
} from "@prism-data/transport";
import type { Limits } from "../config/limits.js";
import { type Listener, openListener } from "../downstream/listener.js";
import {
  createPortPair,
  type FromDataPath,
  type MessagePortLike,
  type NamespaceRoute,
  type ToDataPath,
} from "../messages.js";
import { createLog } from "../telemetry/log.js";
import { Metrics } from "../telemetry/metrics.js";
import { createDataPath, type DataPath } from "./data-path.js";

const testLimits: Limits = {
  messageBytes: 4 * 1024 * 1024,
  headerListBytes: 16 * 1024,
  streamsPerConnection: 1_000,
  connections: 100,
  connectionAgeMs: 0,
  connectionAgeGraceMs: 60_000,
  keepaliveIntervalMs: 0,
  keepaliveTimeoutMs: 20_000,
  callsInFlight: 10_000,
  unreadBytes: 256 * 1024 * 1024,
  handshakeTimeoutMs: 10_000,
  idleTimeoutMs: 900_000,
  requestTimeoutMs: 60_000,
};

/** A plugin process in miniature: a gRPC server on a Unix socket that can die. */
export class FakePlugin {
  readonly instance: number;
  readonly socket: string;
  /** The paths of the calls that arrived, in order. */
  readonly called: string[] = [];
  readonly #methods: Record<string, GrpcMethod>;
  readonly #connection: ConnectionOptions | undefined;
  #grpc: GrpcServer;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: {
    instance: number;
    socket: string;
    methods: Record<string, GrpcMethod>;
    connection: ConnectionOptions | undefined;
  }) {
    this.instance = options.instance;
    this.socket = options.socket;
    this.#methods = options.methods;
    this.#connection = options.connection;
    this.#grpc = this.#serve();
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      this.#grpc.accept(socket);
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.socket, resolve));
  }

  /** Like SIGKILL: the sockets end without a word. */
  crash(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Like SIGKILL half-way: the sockets have ended, but the next connection is still accepted, and then ends. */
  async crashSlowly(): Promise<void> {
    const accepted = Promise.withResolvers<void>();
    this.#server.removeAllListeners("connection").once("connection", (socket: Socket) => {
      this.#server.close();
      setImmediate(() => {
        socket.destroy();
        accepted.resolve();
      });
    });
    for (const socket of this.#sockets) socket.destroy();
    await accepted.promise;
  }

  /** GOAWAY on the connections there are; new ones are served. */
  endConnections(): Promise<unknown> {
    const ending = this.#grpc;
    this.#grpc = this.#serve();
    return ending.drain(5_000);
  }

  #serve(): GrpcServer {
    return new GrpcServer({
      findMethod: (path) => {
        this.called.push(path);
        return this.#methods[path];
      },
      connection: this.#connection,
    });
  }
}

/** A data path with a listener, as the gateway wires it, and the test in the place of supervision. */
export class TestBench {
  readonly metrics = new Metrics({ version: "0.0.0" });
  readonly told: FromDataPath[] = [];
  /** Who the clients are that connect from now on. */
  principal: string | undefined;
  readonly dataPath: DataPath;
  readonly #port: MessagePortLike<FromDataPath, ToDataPath>;
  readonly #folder = mkdtempSync(join(tmpdir(), "prism-test-"));
  readonly #plugins: FakePlugin[] = [];
  readonly #clients: GrpcClient[] = [];
  #listener: Listener | undefined;
  #generation = 0;

  constructor(limits: Partial<Limits> = {}) {
    const [supervisor, dataPath] = createPortPair<FromDataPath, ToDataPath>();
    this.#port = supervisor;
    supervisor.onmessage = ({ data }) => this.told.push(data);
    const log = createLog({ level: "silent", destination: { write: () => {} } });
    this.dataPath = createDataPath({
      port: dataPath,
      limits: { ...testLimits, ...limits },
      metrics: this.metrics,
      log,
    });
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  send(message: ToDataPath): void {
    this.#port.postMessage(message);
  }

  /** Swaps the routing table. Namespaces of the key-value pattern unless said otherwise. */
  route(
    namespaces: Record<string, Partial<NamespaceRoute>>,
    services: Record<string, string> = {},
    fileDescriptorSet: Uint8Array = new Uint8Array(0),
  ): void {
    const bound = {
      state: "bound",
      pattern: "key-value",
      backend: "store",
      timeoutMs: 20_000,
      capabilities: [],
    } as const;
    const entries = Object.entries(namespaces).map(
      ([name, route]) => [name, { ...bound, ...route } as NamespaceRoute] as const,
    );
    const routed = Object.entries(services).map(([name, backend]) => [name, { backend, fileDescriptorSet }] as const);
    this.#generation += 1;
    this.send({
      type: "routes",
      generation: this.#generation,
      routes: {
        namespaces: new Map(entries),
        unserved: new Map(),
        services: new Map(routed),
        patterns: ["key-value"],
      },
    });
  }

  /** Starts a plugin process in miniature and says that it is ready. */
  async plugin(
    methods: Record<string, GrpcMethod>,
    options: {
      instance?: number;
      replica?: number;
      backend?: string;
      token?: string;
      connection?: ConnectionOptions;
      /** Whether its namespaces are. Default: true. */
      isBound?: boolean;
    } = {},
  ) {
    const instance = options.instance ?? this.#plugins.length + 1;
    const { connection, isBound = true } = options;
    const plugin = new FakePlugin({ instance, socket: join(this.#folder, `${instance}.sock`), methods, connection });
    this.#plugins.push(plugin);
    await plugin.listen();
    const { backend = "store", replica = 1, token } = options;
    const takesCancels = connection?.resetBurst === undefined;
    const { socket } = plugin;
    this.send({ type: "backend-ready", backend, instance, replica, socket, token, takesCancels });
    if (isBound) this.send({ type: "namespaces-tried", backend, instance });
    return plugin;
  }

  /** The process ended, as the supervisor sees it some time after the sockets. */
  gone(plugin: FakePlugin, reason: "crashed" | "draining" | "stopped"): void {
    this.send({ type: "backend-gone", backend: "store", instance: plugin.instance, reason, detail: "" });
  }

  async listen(): Promise<Listener> {
    this.#listener ??= await openListener(
      { host: "127.0.0.1", port: 0 },
      {
        onHttp1: (socket) => this.dataPath.acceptHttp1(socket, this.principal),
        onHttp2: (socket) => this.dataPath.acceptHttp2(socket, this.principal),
      },
    );
    return this.#listener;
  }

  async client(connection: ConnectionOptions = {}): Promise<GrpcClient> {
    const { host, port } = await this.listen();
    const client = await GrpcClient.connect({ host, port }, { connection });
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    this.#listener?.close();
    for (const client of this.#clients) client.connection.destroy();
    this.dataPath.close();
    for (const plugin of this.#plugins) plugin.crash();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Waits until a condition holds; a test whose condition never does runs into its timeout. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** A unary method. */
export function unary(
  handle: (message: Uint8Array, call: ServerCall) => Uint8Array | PromiseLike<Uint8Array>,
): GrpcMethod {
  return { kind: "unary", handle };
}

/** Every message of a stream. */
export async function allOf<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}
