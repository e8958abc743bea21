import { randomUUID } from "node:crypto";
import {
  kafka as kafkaServer,
  nats as natsServer,
  postgres as postgresServer,
  redis as redisServer,
  sharedServer,
} from "../servers/own-server.ts";
import type { PrismConfig } from "./prism-process.ts";

/** A data system that Prism ships a plugin for. */
export interface TestedBackend {
  readonly name: string;
  /** Whether what was acknowledged outlives the plugin's process. */
  readonly durable: boolean;
  /** The largest value, or payload of a message, in bytes. Default: the largest that the pattern knows. */
  readonly payloadBytesMax?: number;
  /** What the operator writes under `backends`. */
  config(): object;
}

export const memory: TestedBackend = { name: "memory", durable: false, config: () => ({ plugin: "memstore" }) };

export const sqlite: TestedBackend = {
  name: "sqlite",
  durable: true,
  config: () => ({ plugin: "sqlite", settings: { path: "./data.db" } }),
};

export const redis: TestedBackend = {
  name: "redis",
  durable: true,
  config: () => ({ plugin: "redis", settings: { url: sharedServer(redisServer) } }),
};

export const postgres: TestedBackend = {
  name: "postgres",
  durable: true,
  config: () => ({ plugin: "postgres", settings: { url: sharedServer(postgresServer) } }),
};

export const nats: TestedBackend = {
  name: "nats",
  durable: true,
  payloadBytesMax: 983_040,
  config: () => ({ plugin: "nats", settings: { url: sharedServer(natsServer) } }),
};

export const kafka: TestedBackend = {
  name: "kafka",
  durable: true,
  config: () => ({ plugin: "kafka", settings: { brokers: [sharedServer(kafkaServer)], session_timeout: "3s" } }),
};

/** Those that offer key-value. */
export const backends: readonly TestedBackend[] = [memory, sqlite, redis];
export const durableBackends = backends.filter(({ durable }) => durable);

/** Namespaces of different runs never meet on a shared server. */
const run = randomUUID().slice(0, 8);

/** The namespace that `configOf` puts on the backend. */
export function namespaceOn(backend: TestedBackend): string {
  return `${backend.name}-${run}`;
}

/** A configuration with these backends and one key-value namespace on each. */
export function configOf(tested: readonly TestedBackend[], more: PrismConfig = {}): PrismConfig {
  return {
    ...more,
    backends: { ...Object.fromEntries(tested.map((backend) => [backend.name, backend.config()])), ...more.backends },
    namespaces: {
      ...Object.fromEntries(
        tested.map((backend) => [namespaceOn(backend), { pattern: "key-value", backend: backend.name }]),
      ),
      ...more.namespaces,
    },
  };
}
