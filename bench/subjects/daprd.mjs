// daprd with its Redis state store, when somebody says where its binary is.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keyvalue } from "@prism-data/pattern-sdk/protocol";
import { GrpcClient } from "@prism-data/transport";
import { startProgram } from "../programs.mjs";
import { valueOfSize } from "../requests.mjs";
import { freePort, untilListening } from "../waiting.mjs";
import { startRedisServer } from "./redis.mjs";

const service = "/dapr.proto.runtime.v1.Dapr";
const store = "bench";
const key = "key";

/** Starts daprd before a Redis of its own. */
export async function startDaprd(at, binary) {
  const redis = await startRedisServer(at, at.cpus.back);
  const resources = join(at.folder, "resources");
  mkdirSync(resources);
  writeFileSync(join(resources, "state.yaml"), stateStore(redis.port));
  const [grpcPort, ...otherPorts] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const flags = [
    "--app-id",
    "bench",
    "--resources-path",
    resources,
    "--log-level",
    "error",
    "--dapr-grpc-port",
    grpcPort,
  ];
  const others = ["--dapr-http-port", "--dapr-internal-grpc-port", "--metrics-port"];
  const command = [binary, ...flags, ...others.flatMap((flag, index) => [flag, otherPorts[index]])].map(String);
  const program = await startProgram(command, { cpu: at.cpus.front, ready: "at once" });
  await untilListening(grpcPort);
  const endpoint = { host: "127.0.0.1", port: grpcPort };
  return {
    endpoint,
    call: getState,
    check: ({ valueBytes }) => checkState(endpoint, valueBytes),
    processes: { proxy: [program.pid], backend: [redis.pid] },
    stop: async () => {
      await program.stop();
      await redis.stop();
    },
  };
}

const stateStore = (port) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: ${store} }
spec:
  type: state.redis
  version: v1
  metadata:
    - { name: redisHost, value: "127.0.0.1:${port}" }
    - { name: redisPassword, value: "" }
`;

// Dapr's GetStateRequest has the fields of GetRequest, its SaveStateRequest those of BatchSetRequest: the same bytes.
const getState = (valueBytes) => ({
  path: `${service}/GetState`,
  message: keyvalue.GetRequest.encode({ namespace: store, key }).finish(),
  answerBytesMin: valueBytes,
});

async function checkState({ host, port }, valueBytes) {
  const client = await GrpcClient.connect({ host, port });
  try {
    const plain = { ttl: undefined, condition: undefined, idempotencyToken: undefined };
    const entries = [{ key, value: valueOfSize(valueBytes), ...plain }];
    const states = keyvalue.BatchSetRequest.encode({ namespace: store, entries }).finish();
    await client.unary(`${service}/SaveState`, states);
    const { path, message } = getState(valueBytes);
    const answer = await client.unary(path, message);
    if (answer.length < valueBytes) throw new Error(`daprd answers ${answer.length} bytes`);
  } finally {
    await client.close();
  }
}
