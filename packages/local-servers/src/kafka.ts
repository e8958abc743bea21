import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isThere } from "./file-access.js";
import { findProgram, programFolder } from "./find-program.js";
import { brokerIds } from "./kafka-metadata.js";
import { LocalServerError } from "./local-server-error.js";
import { runTool } from "./run-tool.js";
import type { Environment, ServerKind, ServerSite } from "./server-kind.js";

/** All clusters have the same; no two of them meet. */
const clusterId = "MkU3OEVBNTcwNTJENDM2Qg";

/** Enough for tests and one person, on a machine that also has other things to do. */
const javaOptions = ["-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

const logOptions = {
  showDateTime: "true",
  dateTimeFormat: "yyyy-MM-dd'T'HH:mm:ss.SSSZ",
};

/** It takes a second or two. */
const formatTimeoutMs = 60_000;

/** One node of a cluster, as the others know it. */
export interface KafkaVoter {
  readonly nodeId: number;
  readonly controllerPort: number;
}

/**
 * Kafka, broker and controller in one process, from PRISM_PROGRAMS_DIR or, with its own distribution, from KAFKA_HOME; run by the
 * java on the PATH. A single node writes records to disk before it acknowledges them; several nodes rely on each other instead.
 */
export const kafka: ServerKind = kafkaNode(1);

/** One node of a cluster of these voters. Default: the only one. */
export function kafkaNode(nodeId: number, voters?: readonly KafkaVoter[]): ServerKind {
  return {
    name: "kafka",
    standardPorts: [9092, 9093],
    stopSignal: "SIGTERM",
    discardSignal: "SIGKILL",
    find,
    version,

    async prepare(site) {
      const [, controllerPort = 0] = site.ports;
      const all = voters ?? [{ nodeId, controllerPort }];
      await writeFile(propertiesFile(site), propertyLines(properties(nodeId, site, all)));
      const data = join(site.folder, "data");
      if (await isThere(join(data, "meta.properties"))) return;
      await format(site, nodeId, data);
    },

    async command(site) {
      const java = await findJava(site.environment);
      const archive = join(site.program, "kafka.jsa");
      const shared = (await isThere(archive)) ? [`-XX:SharedArchiveFile=${archive}`] : [];
      const logging = Object.entries(logOptions).map(([name, value]) => `-Dorg.slf4j.simpleLogger.${name}=${value}`);
      const options = [...javaOptions, ...shared, ...logging, "-cp", await classPath(site.program)];
      return { file: java, arguments: [...options, "kafka.Kafka", propertiesFile(site)] };
    },

    async isReady({ ports: [port] }) {
      return (await brokerIds(port))?.includes(nodeId) === true;
    },

    url: (port) => `127.0.0.1:${port}`,
  };
}

async function find(environment: Environment): Promise<string> {
  await findJava(environment);
  for (const folder of [programFolder("kafka", environment), environment.KAFKA_HOME]) {
    if (folder && (await jars(folder)).length > 0) return folder;
  }
  throw new LocalServerError(
    "There is no Kafka. Run `make backends` in a checkout of Prism, or name the folder of Kafka's distribution in KAFKA_HOME.",
  );
}

async function findJava(environment: Environment): Promise<string> {
  const java = await findProgram("java", environment);
  if (java !== undefined) return java;
  throw new LocalServerError(
    "There is no java on the PATH, which Kafka needs. Install Debian's package default-jre-headless.",
  );
}

async function version(program: string): Promise<string> {
  const names = (await jars(program)).map((jar) => /kafka-server-(\d[\d.]*)\.jar$/.exec(jar)?.[1]);
  return names.find((name) => name !== undefined) ?? "unknown";
}

/** Ours are in `lib`; those of Kafka's distribution are in `libs`. */
async function jars(program: string): Promise<string[]> {
  for (const folder of [join(program, "lib"), join(program, "libs")]) {
    const names = await readdir(folder).catch(() => []);
    const found = names.filter((name) => name.endsWith(".jar"));
    if (found.length > 0) return found.sort().map((name) => join(folder, name));
  }
  return [];
}

/** In the order in which the shell lists them: the archive of classes is good for that one only. */
async function classPath(program: string): Promise<string> {
  return (await jars(program)).join(":");
}

function properties(nodeId: number, { folder, ports }: ServerSite, voters: readonly KafkaVoter[]) {
  const [clientPort, controllerPort] = ports;
  const client = `PLAINTEXT://127.0.0.1:${clientPort}`;
  return {
    "process.roles": "broker,controller",
    "node.id": nodeId,
    "controller.quorum.voters": voters.map((voter) => `${voter.nodeId}@127.0.0.1:${voter.controllerPort}`).join(","),
    listeners: `${client},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": client,
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "log.dirs": join(folder, "data"),
    ...smallMachine,
    ...promptness,
    ...durability(voters.length),
  };
}

const smallMachine = {
  "num.network.threads": 2,
  "num.io.threads": 2,
  "background.threads": 2,
  "offsets.topic.num.partitions": 3,
  "transaction.state.log.num.partitions": 3,
  "share.coordinator.state.topic.num.partitions": 3,
  // The default keeps 128 MiB for it.
  "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
};

/** A topic is what an app asked for, never what it mistyped; and nobody waits for minutes for what Kafka does in between. */
const promptness = {
  "auto.create.topics.enable": false,
  "group.initial.rebalance.delay.ms": 0,
  "group.min.session.timeout.ms": 1_000,
  "log.retention.check.interval.ms": 1_000,
  "log.segment.delete.delay.ms": 1_000,
  "broker.heartbeat.interval.ms": 500,
  "broker.session.timeout.ms": 3_000,
  "replica.lag.time.max.ms": 3_000,
};

function durability(nodes: number) {
  const insync = nodes > 1 ? nodes - 1 : 1;
  return {
    "default.replication.factor": nodes,
    "min.insync.replicas": insync,
    "offsets.topic.replication.factor": nodes,
    "transaction.state.log.replication.factor": nodes,
    "transaction.state.log.min.isr": insync,
    "share.coordinator.state.topic.replication.factor": nodes,
    "share.coordinator.state.topic.min.isr": insync,
    ...(nodes === 1 && { "log.flush.interval.messages": 1 }),
  };
}

function propertyLines(all: Record<string, string | number | boolean>): string {
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

function propertiesFile({ folder }: ServerSite): string {
  return join(folder, "server.properties");
}

/** What Kafka's own tool does, in milliseconds where the first records of a log lie ready beside the jars. */
async function format(site: ServerSite, nodeId: number, data: string): Promise<void> {
  await rm(data, { recursive: true, force: true });
  const records = join(site.program, "bootstrap.checkpoint");
  if (!(await isThere(records))) return formatWithTool(site);
  await mkdir(data, { recursive: true });
  await copyFile(records, join(data, "bootstrap.checkpoint"));
  const meta = { version: 1, "cluster.id": clusterId, "node.id": nodeId, "directory.id": directoryId() };
  // Last: whoever finds it finds the rest.
  await writeFile(join(data, "meta.properties"), propertyLines(meta));
}

async function formatWithTool(site: ServerSite): Promise<void> {
  const tool = ["kafka.tools.StorageTool", "format", "-t", clusterId, "-c", propertiesFile(site)];
  const options = [...javaOptions, "-cp", await classPath(site.program), ...tool];
  await runTool(await findJava(site.environment), options, { timeout: formatTimeoutMs });
}

/** A random id as Kafka writes them: none of the low ones, which it keeps for itself, and none that looks like an option. */
function directoryId(): string {
  return `K${randomBytes(16).toString("base64url").slice(1)}`;
}
