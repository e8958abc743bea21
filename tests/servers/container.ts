import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { parseEnv } from "node:util";
import type { ServerKind } from "@prism-data/local-servers";
import { GenericContainer, type StartedTestContainer, Wait } from "testcontainers";

const versions = parseEnv(readFileSync(new URL("../../scripts/server-versions.env", import.meta.url), "utf8"));

/** Pulling an image over a slow line is the longest part. */
const startTimeoutMs = 300_000;

/** A server in a container, and how to let it go. */
export interface ContainerServer {
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts a server as the kind describes it: with the same durability, and on the loopback as far as Docker allows. */
export async function startContainer(kind: ServerKind): Promise<ContainerServer> {
  const [port] = kind.standardPorts;
  const start = starts[kind.name];
  if (start === undefined) throw new Error(`there is no image of it`);
  const { container, scheme } = await start();
  const started = await container.withStartupTimeout(startTimeoutMs).start();
  return { address: `${scheme}${addressOf(started, port)}`, stop: () => started.stop().then(() => {}) };
}

function addressOf(started: StartedTestContainer, port: number): string {
  return `${started.getHost()}:${started.getMappedPort(port)}`;
}

interface ToStart {
  readonly container: GenericContainer;
  /** What an address has before `host:port`. */
  readonly scheme: string;
}

const starts: Readonly<Record<string, () => Promise<ToStart>>> = {
  redis: async () => ({
    scheme: "redis://",
    container: new GenericContainer(`redis:${versions.REDIS_IMAGE_VERSION}-alpine`)
      .withExposedPorts(6379)
      .withCommand(["redis-server", "--save", "", "--appendonly", "yes", "--appendfsync", "always"]),
  }),
  nats: async () => ({
    scheme: "nats://",
    container: new GenericContainer(`nats:${versions.NATS_VERSION}-alpine`)
      .withExposedPorts(4222)
      .withCopyContentToContainer([
        { target: "/nats.conf", content: 'jetstream { store_dir: "/data", sync_interval: always }\n' },
      ])
      .withCommand(["--config", "/nats.conf"]),
  }),
  postgres: async () => ({
    scheme: "postgres://postgres@",
    container: new GenericContainer(`postgres:${versions.POSTGRES_IMAGE_VERSION}-alpine`)
      .withExposedPorts(5432)
      .withEnvironment({ POSTGRES_HOST_AUTH_METHOD: "trust" })
      .withCommand(["postgres", "-c", "max_connections=200"])
      // It starts once to make the database, and a second time to serve.
      .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2)),
  }),
  kafka: startsKafka,
};

/** Kafka tells its clients where it is, so its port must be known before it starts. */
async function startsKafka(): Promise<ToStart> {
  const port = await freePort();
  const container = new GenericContainer(`apache/kafka:${versions.KAFKA_VERSION}`)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: "1",
      KAFKA_PROCESS_ROLES: "broker,controller",
      KAFKA_CONTROLLER_QUORUM_VOTERS: "1@localhost:9093",
      KAFKA_CONTROLLER_LISTENER_NAMES: "CONTROLLER",
      KAFKA_LISTENERS: "PLAINTEXT://:9092,CONTROLLER://:9093",
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://localhost:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: "1",
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: "1",
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: "1",
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: "0",
      KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: "1000",
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: "false",
      KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS: "1000",
      KAFKA_LOG_FLUSH_INTERVAL_MESSAGES: "1",
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/));
  return { container, scheme: "" };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
