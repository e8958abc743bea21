#!/usr/bin/env node
// A plugin whose only offer is a service of its own, written with the SDK. Beside it lies echo.binpb, made of the service's proto file.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { definePlugin, GatewayError, servePlugin, serviceMethods } from "@prism-data/pattern-sdk";
import { z } from "zod";

const name = "acme.echo.v1.EchoService";
const fileDescriptorSet = readFileSync(new URL("./echo.binpb", import.meta.url));
const echoService = loadFileDescriptorSetFromBuffer(fileDescriptorSet)[name];

const handlers = (greeting) => ({
  Echo({ text }) {
    if (text === "") throw new GatewayError("INVALID_FIELD", "text: is empty; give at least one character.");
    return { text: `${greeting}${text}` };
  },
  async *Chat(requests) {
    for await (const { text } of requests) yield { text };
  },
  async Hold(_request, { signal }) {
    await once(signal, "abort");
    throw signal.reason;
  },
  FindCall: () => ({}),
});

const plugin = definePlugin({
  name: "echo",
  version: "1.0.0",
  durability: "ephemeral",
  settings: z.strictObject({ greeting: z.string().default("").describe("What each answer begins with.") }),
  patterns: {},
  services: { names: [name], fileDescriptorSet },
  open({ greeting }, { reportHealth }) {
    reportHealth({ reachable: true });
    return { services: serviceMethods(echoService, handlers(greeting)), close() {} };
  },
});

await servePlugin(plugin);
