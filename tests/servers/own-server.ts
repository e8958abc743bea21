import { KafkaCluster, LocalServer, type ServerKind, sharedAddress } from "@prism-data/local-servers";

export type { LocalServer, ServerKind } from "@prism-data/local-servers";
export { kafka, nats, postgres, redis } from "@prism-data/local-servers";

/** A server of a test's own, which it may stop, kill, pause and start again; see LocalServer. */
export function startOwnServer(kind: ServerKind, more: readonly string[] = []): Promise<LocalServer> {
  return LocalServer.start(kind, { environment: process.env, arguments: () => more });
}

/** Three Kafka nodes of a test's own, which it may kill one by one. */
export function startOwnKafkaCluster(): Promise<KafkaCluster> {
  return KafkaCluster.start({ environment: process.env });
}

/** The address of the server that the tests of a run share; they keep apart by the names of their namespaces. */
export function sharedServer(kind: ServerKind): string {
  return sharedAddress(kind, process.env);
}
