// Who can be measured, by name.
//
// A subject has `endpoint` (where h2load and the checking client go, with which headers) or a `load` of its own, `processes`
// (proxy, store, backend: whose CPU is counted as what) and `stop`; where it is not called as Prism is, `call` and `check`.
import { backendSubjects } from "./backends/drivers.mjs";
import { benchFile } from "./programs.mjs";
import { offender } from "./requests.mjs";
import { makeCertificates } from "./subjects/certificates.mjs";
import { startDaprd } from "./subjects/daprd.mjs";
import { startEnvoy } from "./subjects/envoy.mjs";
import { startGrpcJsProxy, startGrpcJsStore, startGrpcJsStoreOnSocket } from "./subjects/grpc-js.mjs";
import { messageBackend, startMessagePlugin } from "./subjects/message-stream.mjs";
import { startNginx } from "./subjects/nginx.mjs";
import { startPrism } from "./subjects/prism.mjs";
import { startIoredis, startPrismRedis, startRedis } from "./subjects/redis.mjs";
import { startSdkPlugin } from "./subjects/sdk-plugin.mjs";
import { startSocketEcho } from "./subjects/socket-echo.mjs";
import { manyNamespaces, tenants } from "./subjects/tenants.mjs";

const memstore = { plugin: "memstore" };
const grpcJsPlugin = { command: [process.execPath, benchFile("programs/grpc-js-plugin.mjs")] };
const memstoreBehind = (at) => startSdkPlugin(at, at.cpus.back);
const messagesBehind = (at) => startMessagePlugin(at, at.cpus.back);
const prism = (options) => (at) => startPrism(at, options);
const nginx = (startStore) => async (at) => startNginx(at, await startStore(at));
const envoy = (startStore) => async (at) => startEnvoy(at, await startStore(at));

/** Each by its name: what it is called in tables, how it is started, and the option without which it is not there. */
export const subjects = {
  "prism-memstore": ["Prism → memstore", prism({ backend: memstore })],
  "base-memstore": [
    "Prism of BASE → memstore",
    (at) => startPrism(at, { backend: memstore, checkout: at.base }),
    "base",
  ],
  "prism-grpc-js": ["Prism → grpc-js store", prism({ backend: grpcJsPlugin })],
  "prism-redis": ["Prism → Redis", startPrismRedis],
  "prism-tenants": ["Prism, the other has a limit", prism({ backend: memstore, namespaces: tenants(offender) })],
  "prism-unlimited": ["Prism, the other has none", prism({ backend: memstore, namespaces: tenants({}) })],
  "prism-namespaces": ["Prism, 10,000 namespaces", prism({ backend: memstore, namespaces: manyNamespaces(10_000) })],
  "prism-messages": ["Prism → message plugin", prism(messageBackend)],
  "prism-tls": [
    "Prism, TLS → memstore",
    async (at) => startPrism(at, { backend: memstore, tls: await makeCertificates(at) }),
  ],
  "nginx-memstore": ["nginx → memstore", nginx(memstoreBehind)],
  "nginx-grpc-js": ["nginx → grpc-js store", nginx(startGrpcJsStoreOnSocket)],
  "nginx-messages": ["nginx → message plugin", nginx(messagesBehind)],
  "nginx-tls": [
    "nginx, TLS → memstore",
    async (at) => startNginx(at, await memstoreBehind(at), await makeCertificates(at)),
  ],
  "envoy-memstore": ["Envoy → memstore", envoy(memstoreBehind)],
  "envoy-grpc-js": ["Envoy → grpc-js store", envoy(startGrpcJsStoreOnSocket)],
  "envoy-messages": ["Envoy → message plugin", envoy(messagesBehind)],
  memstore: ["memstore, no proxy", (at) => startSdkPlugin(at, at.cpus.front)],
  messages: ["message plugin, no proxy", (at) => startMessagePlugin(at, at.cpus.front)],
  "grpc-js": ["grpc-js store, no proxy", startGrpcJsStore],
  "grpc-js-proxy": ["grpc-js proxy → grpc-js store", startGrpcJsProxy],
  redis: ["Redis, by redis-benchmark", startRedis],
  ioredis: ["ioredis in one process → Redis", startIoredis],
  daprd: ["daprd → Redis", (at) => startDaprd(at, at.daprd), "daprd"],
  echo: ["echo over a Unix socket", startSocketEcho],
  ...backendSubjects,
};

/** Whether a subject can be measured with these options. */
export function isAvailable(id, options) {
  const [, , needed] = subjects[id];
  return needed === undefined || options[needed] !== undefined;
}
