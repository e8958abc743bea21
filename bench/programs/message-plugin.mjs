// A plugin whose own service answers one request with many small messages, as fast as they are read.
import { createInterface } from "node:readline";
import {
  encodeMessage,
  formatHandshake,
  pluginService,
  pluginSocketEnv,
  pluginv1,
} from "@prism-data/pattern-sdk/protocol";
import { GrpcServer } from "@prism-data/transport";
import { messageBytes, messagesPerCall } from "../subjects/message-stream.mjs";

/** So often does it say that it lives; the proxy waits 6 s. */
const reportIntervalMs = 1_000;

const name = "messages";
const service = "bench.v1.MessageService";
const message = Buffer.alloc(messageBytes, 7);
const description = {
  ...{
    name,
    version: "1.0.0",
    services: [service],
    patterns: [],
    durability: pluginv1.Durability.EPHEMERAL,
  },
  ...{ settingsSchema: "{}", fileDescriptorSet: Buffer.alloc(0) },
};

const answers = (bytes) => ({ kind: "unary", handle: () => bytes });
const methods = new Map([
  [`/${pluginService}/Describe`, answers(encodeMessage(pluginv1.DescribeResponse, description))],
  ...["Configure", "Metrics", "Drain"].map((method) => [`/${pluginService}/${method}`, answers(Buffer.alloc(0))]),
  [`/${pluginService}/Health`, { kind: "stream", handle: reportHealth }],
  [`/${service}/Read`, { kind: "stream", handle: sendMessages }],
]);

async function reportHealth(call) {
  const backend = pluginv1.BackendHealth.REACHABLE;
  const report = () => call.write(encodeMessage(pluginv1.HealthResponse, { backend, message: "" }));
  const timer = setInterval(report, reportIntervalMs);
  report();
  try {
    for await (const _ of call.messages());
    await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
  } finally {
    clearInterval(timer);
  }
}

async function sendMessages(call) {
  for (let sent = 0; sent < messagesPerCall; sent += 1) {
    if (!call.write(message)) await call.writable();
  }
}

const socket = process.env[pluginSocketEnv];
await new GrpcServer({ findMethod: (path) => methods.get(path) }).listen({ path: socket });
const handshake = {
  prism_handshake: 1,
  contract: { min: 1, max: 1 },
  pid: process.pid,
  socket,
  name,
  version: "1.0.0",
};
process.stdout.write(`${formatHandshake(handshake)}\n`);
// The proxy is gone.
createInterface({ input: process.stdin }).on("close", () => process.exit(0));
