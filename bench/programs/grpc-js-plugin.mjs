// The same store as a plugin of Prism, without Prism's SDK: docs/writing-a-plugin.md, "In another language".
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { addKeyValueService, loadPrism } from "./grpc-js-service.mjs";

/** So often does it say that it lives; the proxy waits 6 s. */
const reportIntervalMs = 1_000;

const socket = process.env.PRISM_PLUGIN_SOCKET;
const server = new Server();
addKeyValueService(server);
const done = (_call, answer) => answer(null, {});
server.addService(loadPrism("prism/plugin/v1/plugin.proto").plugin.v1.PluginService.service, {
  Describe: (_call, answer) =>
    answer(null, { name: "grpc-js", version: "1.0.0", patterns: [{ pattern: "key-value" }] }),
  Configure: done,
  Bind: done,
  Unbind: done,
  Metrics: done,
  Drain: done,
  Health: (call) => {
    const report = () => call.write({ backend: "BACKEND_HEALTH_REACHABLE" });
    const timer = setInterval(report, reportIntervalMs);
    call.on("cancelled", () => clearInterval(timer));
    report();
  },
});
// The proxy is gone.
process.stdin.on("end", () => process.exit(0)).resume();
server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  const handshake = { prism_handshake: 1, contract: { min: 1, max: 1 }, pid: process.pid, socket };
  process.stdout.write(`${JSON.stringify({ ...handshake, name: "grpc-js", version: "1.0.0" })}\n`);
});
