import { awaitCondition } from "./await-condition.js";
import { kafkaNode } from "./kafka.js";
import { brokerIds } from "./kafka-metadata.js";
import { LocalServer, type LocalServerOptions } from "./local-server.js";
import { LocalServerError } from "./local-server-error.js";
import { freePorts } from "./loopback-port.js";

/** A node is unfenced within seconds; see broker.session.timeout.ms. */
const completeWithinMs = 60_000;

export interface KafkaClusterOptions extends Pick<LocalServerOptions, "environment" | "arguments"> {
  /** How many brokers, each also a controller. Default 3: topics have 3 replicas, and 2 of them must have a record. */
  readonly nodes?: number;
}

/** Several Kafka nodes of this process's own, each a LocalServer that may be killed. Its node ids are 1, 2, 3 … */
export class KafkaCluster implements AsyncDisposable {
  readonly nodes: readonly LocalServer[];

  private constructor(nodes: readonly LocalServer[]) {
    this.nodes = nodes;
  }

  /** Starts all nodes at once and waits until each knows all the others. */
  static async start({ nodes: count = 3, ...options }: KafkaClusterOptions): Promise<KafkaCluster> {
    const ports = await freePorts(2 * count);
    const nodes = Array.from({ length: count }, (_, index) => ({
      nodeId: index + 1,
      port: ports[index]!,
      controllerPort: ports[count + index]!,
    }));
    const started = await Promise.allSettled(
      nodes.map(({ nodeId, port, controllerPort }) =>
        LocalServer.start(kafkaNode(nodeId, nodes), { ...options, ports: [port, controllerPort] }),
      ),
    );
    const cluster = new KafkaCluster(started.flatMap((node) => (node.status === "fulfilled" ? node.value : [])));
    try {
      for (const node of started) if (node.status === "rejected") throw node.reason;
      await cluster.whenComplete();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where clients may begin, as `host:port`. */
  get brokers(): string[] {
    return this.nodes.map(({ url }) => url);
  }

  /** The node with this id, which is what Kafka calls a leader by. */
  node(nodeId: number): LocalServer {
    const node = this.nodes[nodeId - 1];
    if (node === undefined) throw new LocalServerError(`There is no node ${nodeId} among ${this.nodes.length}.`);
    return node;
  }

  /** Waits until every node knows every other; they must all run. */
  async whenComplete(): Promise<void> {
    const isComplete = async () => {
      const known = await Promise.all(this.nodes.map(({ port }) => brokerIds(port)));
      return known.every((ids) => ids?.length === this.nodes.length);
    };
    if (await awaitCondition(isComplete, { withinMs: completeWithinMs })) return;
    throw new LocalServerError(`The Kafka nodes did not find each other within ${completeWithinMs} ms.`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
  }
}
