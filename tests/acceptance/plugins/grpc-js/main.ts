// A plugin on @grpc/grpc-js, without Prism's SDK, that brings along acme.echo.v1.EchoService. Started by the proxy.
import {
  type GrpcObject,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceClientConstructor,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { echoProto, echoService, foreignPluginFolder } from "../../foreign-plugin.ts";
import { protoFolder } from "../../repository.ts";

interface Text {
  readonly text: string;
}

/** So often does it say that it lives; the proxy waits 6 s. */
const reportIntervalMs = 1_000;

const identity = { name: "grpc-js", version: "1.0.0" };
const socket = process.env.PRISM_PLUGIN_SOCKET ?? "";
const held = new Set<object>();

const done = (_call: unknown, answer: sendUnaryData<object>) => answer(null, {});
const pluginHandlers = {
  Describe: (_call: unknown, answer: sendUnaryData<object>) => answer(null, { ...identity, services: [echoService] }),
  ...{ Configure: done, Bind: done, Unbind: done, Drain: done },
  Metrics: (_call: unknown, answer: sendUnaryData<object>) => answer(null, { families: [heldCalls()] }),
  Health(call: ServerWritableStream<object, object>) {
    const report = () => call.write({ backend: "BACKEND_HEALTH_REACHABLE" });
    const timer = setInterval(report, reportIntervalMs);
    call.on("cancelled", () => clearInterval(timer));
    report();
  },
};
const echoHandlers = {
  Echo: ({ request }: ServerUnaryCall<Text, Text>, answer: sendUnaryData<Text>) => answer(null, request),
  Chat: (call: ServerDuplexStream<Text, Text>) => {
    call.on("data", (message) => call.write(message)).on("end", () => call.end());
  },
  Hold(call: ServerUnaryCall<object, object>) {
    held.add(call);
    call.on("cancelled", () => held.delete(call));
  },
  FindCall: done,
};

function heldCalls(): object {
  const help = "Calls that are held until their app gives them up.";
  return { name: "acme_held_calls", help, kind: "METRIC_KIND_GAUGE", samples: [{ labels: {}, value: held.size }] };
}

function serviceOf(proto: string, path: string) {
  const definition = loadPackageDefinition(loadSync(proto, { includeDirs: [protoFolder, foreignPluginFolder] }));
  const service = path.split(".").reduce<GrpcObject>((scope, name) => scope[name] as GrpcObject, definition);
  return (service as unknown as ServiceClientConstructor).service;
}

const server = new Server();
server.addService(serviceOf("prism/plugin/v1/plugin.proto", "prism.plugin.v1.PluginService"), pluginHandlers);
server.addService(serviceOf(echoProto, echoService), echoHandlers);
// The proxy is gone.
process.stdin.on("end", () => process.exit(0)).resume();
server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  const handshake = { prism_handshake: 1, contract: { min: 1, max: 1 }, pid: process.pid, socket, ...identity };
  process.stdout.write(`${JSON.stringify(handshake)}\n`);
});
