// What is measured side by side.
import { getCall, setCall } from "./requests.mjs";
import { messagesPerCall, readCall } from "./subjects/message-stream.mjs";

/** Calls in flight, as connections and streams on each. */
const concurrency = {
  1: { connections: 1, streams: 1 },
  16: { connections: 4, streams: 4 },
  64: { connections: 8, streams: 8 },
  256: { connections: 16, streams: 16 },
};

const sizes = { "100b": [100, "100 B"], "1k": [1024, "1 KiB"], "64k": [65_536, "64 KiB"], "1m": [1_048_576, "1 MiB"] };

const proxies = ["prism-memstore", "base-memstore", "nginx-memstore", "envoy-memstore", "memstore"];
const grpcJs = ["grpc-js-proxy", "prism-grpc-js", "nginx-grpc-js", "envoy-grpc-js", "grpc-js"];

/** What the targets are about: with the first subject twice in each round, to know the noise. */
const main = [
  keyValue("get", "1k", 64, [...proxies, ...grpcJs, "redis"]),
  keyValue("set", "1k", 64, [...proxies, "grpc-js-proxy", "grpc-js"]),
  keyValue("get", "64k", 16, proxies),
  keyValue("set", "64k", 16, proxies),
  keyValue("get", "1m", 16, proxies),
  keyValue("set", "1m", 16, proxies),
  keyValue("get", "1k", 1, [...proxies, "echo"]),
  {
    ...keyValue("get", "1k", 64, ["prism-redis", "ioredis", "redis", "daprd"]),
    id: "redis-get-1k-c64",
    title: "Get 1 KiB from Redis, 64 in flight",
  },
  {
    ...keyValue("get", "1k", 64, ["prism-tls", "nginx-tls", "prism-memstore"]),
    id: "tls-get-1k-c64",
    title: "Get 1 KiB over TLS, 64 in flight",
  },
  {
    id: "stream-100b-c16",
    title: "Server streams of 100 B messages, 16 at once: calls are messages, latencies those of whole streams",
    client: "h2load",
    ...concurrency[16],
    call: readCall,
    messagesPerCall,
    subjects: ["prism-messages", "nginx-messages", "envoy-messages", "messages"],
  },
  {
    ...keyValue("get", "1k", 64, ["prism-memstore", "nginx-memstore", "grpc-js-proxy"]),
    id: "client-get-1k-c64",
    title: "Get 1 KiB, 64 in flight, by a gRPC client that checks every answer",
    client: "grpc",
  },
  {
    ...keyValue("get", "1k", 64, ["prism-memstore", "prism-namespaces"]),
    id: "namespaces-10000",
    title: "Get 1 KiB, 64 in flight, with one namespace and with 10,000",
  },
  {
    ...keyValue("get", "100b", 1, ["prism-tenants", "prism-unlimited"]),
    id: "fairness",
    title:
      "Get 100 B, 500 a second, beside another namespace that makes 5,000 calls a second, with a limit of 500 and without",
    client: "tenants",
  },
  ...[
    ["same", "the same connection"],
    ["other", "another connection"],
  ].map(([neighbours, where]) => ({
    ...keyValue("get", "100b", 1, ["prism-memstore", "base-memstore", "nginx-memstore", "memstore"]),
    id: `mixed-${neighbours}`,
    title: `Get 100 B, 250 a second, beside 40 Gets and 40 Sets of 1 MiB a second on ${where}; CPU is that of all of them`,
    client: "mixed",
    neighbours,
  })),
];

/** Every size at every concurrency. */
const matrix = ["get", "set"].flatMap((method) =>
  Object.keys(sizes).flatMap((size) =>
    Object.keys(concurrency).map((inFlight) =>
      keyValue(method, size, inFlight, ["prism-memstore", "base-memstore", "nginx-memstore", "memstore"]),
    ),
  ),
);

const measuredAlready = new Set(main.map(({ id }) => id));

/** All of them; a subject that is not available is left out. */
export function comparisons(isAvailable) {
  const repeated = main.map((comparison) => ({ ...comparison, repeatsFirst: true }));
  const others = matrix.filter(({ id }) => !measuredAlready.has(id));
  return [...repeated, ...others].map((comparison) => ({
    ...comparison,
    subjects: comparison.subjects.filter(isAvailable),
  }));
}

function keyValue(method, size, inFlight, subjects) {
  const [valueBytes, sizeName] = sizes[size];
  const call = method === "get" ? getCall(valueBytes) : setCall(valueBytes);
  const title = `${method === "get" ? "Get" : "Set"} ${sizeName}, ${inFlight} in flight`;
  const id = `${method}-${size}-c${inFlight}`;
  return { id, title, client: "h2load", call, valueBytes, ...concurrency[inFlight], subjects };
}
