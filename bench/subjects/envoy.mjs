// Envoy with one worker, before a store on a Unix socket.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { benchFile, startProgram } from "../programs.mjs";
import { freePort, untilListening } from "../waiting.mjs";

const http2Options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const connectionManager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const router = "envoy.extensions.filters.http.router.v3.Router";
const ofType = (type, fields = {}) => ({ "@type": `type.googleapis.com/${type}`, ...fields });

/** Starts Envoy before a store that runs already; the store is stopped with it. */
export async function startEnvoy({ folder, cpus }, store) {
  const port = await freePort();
  const config = join(folder, "envoy.json");
  writeFileSync(config, JSON.stringify(configuration(port, store.endpoint)));
  const binary = benchFile("../.toolchain/bench-peers/envoy");
  const command = [binary, "-c", config, "--concurrency", "1", "--disable-hot-restart", "-l", "error"];
  const program = await startProgram(command, { cpu: cpus.front, ready: "at once" });
  await untilListening(port);
  return {
    endpoint: { host: "127.0.0.1", port },
    processes: { proxy: [program.pid], ...store.processes },
    stop: async () => {
      await program.stop();
      await store.stop();
    },
  };
}

/** Its defaults, but for what a proxy of gRPC needs: HTTP/2 to the store, the callers' deadlines, no limit of calls in flight. */
function configuration(port, store) {
  return {
    static_resources: {
      listeners: [
        {
          address: { socket_address: { address: "127.0.0.1", port_value: port } },
          filter_chains: [{ filters: [{ name: "http", typed_config: ofType(connectionManager, manager(store)) }] }],
        },
      ],
      clusters: [cluster(store)],
    },
  };
}

function manager({ headers }) {
  const route = { cluster: "store", timeout: "0s", max_stream_duration: { grpc_timeout_header_max: "0s" } };
  return {
    stat_prefix: "bench",
    codec_type: "HTTP2",
    http_filters: [{ name: "router", typed_config: ofType(router) }],
    route_config: {
      virtual_hosts: [
        {
          name: "store",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, route }],
          request_headers_to_add: Object.entries(headers).map(([key, value]) => ({ header: { key, value } })),
        },
      ],
    },
  };
}

function cluster({ path }) {
  const unlimited = 1_000_000;
  const address = { pipe: { path } };
  return {
    name: "store",
    type: "STATIC",
    load_assignment: { cluster_name: "store", endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    circuit_breakers: { thresholds: [{ max_requests: unlimited, max_pending_requests: unlimited }] },
    typed_extension_protocol_options: {
      [http2Options]: ofType(http2Options, { explicit_http_config: { http2_protocol_options: {} } }),
    },
  };
}
