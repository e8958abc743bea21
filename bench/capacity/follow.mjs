// A load that rises and falls, on a log that may grow, before a proxy that follows it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { kafka, LocalServer, sharedAddressVariable } from "@prism-data/local-servers";
import { stream } from "@prism-data/pattern-sdk/protocol";
import { GrpcClient } from "@prism-data/transport";
import { benchFile, startProgram } from "../programs.mjs";

const namespace = "follow";

/** Seconds, and records a second. */
const profile = [
  [12, 300],
  [12, 900],
  [15, 2_200],
  [18, 3_600],
  [12, 1_200],
  [15, 300],
];

/** By how much the load swings around that: a peak of a second is no reason for a step. */
const swing = 0.25;

const recordsPerCall = 20;
const recordBytes = 256;
const callTimeoutMs = 10_000;

/** How the proxy follows: sooner than anybody would have it, so that a run is short. */
const policy = { mode: "apply", interval: "2s", raise_after: 2, cooldown: "4s", partitions_max: 12 };

/** Runs it; answers what was seen each second, and the steps that the proxy logged. */
export async function followLoad({ folder }) {
  const environment = { PRISM_PROGRAMS_DIR: benchFile("../.toolchain"), ...process.env };
  const given = process.env[sharedAddressVariable(kafka)];
  const server = given === undefined ? await LocalServer.start(kafka, { environment }) : undefined;
  const prism = await startPrism(folder, given ?? server.url);
  try {
    await declareLog(prism.admin);
    const [host, port] = prism.listen.split(":");
    const client = await GrpcClient.connect({ host, port: Number(port) });
    const samples = await load(client);
    await client.close();
    return { policy, swing, recordBytes, samples, steps: prism.steps(samples[0].atMs) };
  } finally {
    await prism.stop();
    await server?.[Symbol.asyncDispose]();
  }
}

async function startPrism(folder, brokers) {
  const config = join(folder, "prism.yaml");
  const backends = {
    kafka: { plugin: "kafka", settings: { brokers: [brokers], topic_prefix: `bench-${process.pid}` } },
  };
  const anyPort = { listen: "127.0.0.1:0", admin: { listen: "127.0.0.1:0" } };
  writeFileSync(config, JSON.stringify({ ...anyPort, data_dir: folder, backends, capacity: policy }));
  const logged = [];
  const program = await startProgram([benchFile("../bin/prism"), "serve", "-c", config], {
    onErrorLine: (line) => logged.push(JSON.parse(line)),
  });
  const { listen, admin } = JSON.parse(program.firstLine);
  const steps = (beginMs) =>
    logged
      .filter(({ msg }) => msg === "capacity changed")
      .map(({ time, setting, from, to, why }) => ({
        ...{ second: secondsBetween(beginMs, Date.parse(time)), setting, from, to, why },
      }));
  return { listen, admin, stop: program.stop, steps };
}

async function declareLog(admin) {
  const declaration = { pattern: "stream", backend: "kafka", options: { partitions: 1, growable: true } };
  const response = await fetch(`http://${admin}/prism.admin.v1.AdminService/ApplyNamespaces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ namespaces: [{ name: namespace, declaration }] }),
  });
  const { namespaces } = await response.json();
  if (namespaces?.[0]?.state !== "bound") throw new Error(`the log is not there: ${JSON.stringify(namespaces)}`);
}

/** One sample a second. */
async function load(client) {
  const samples = [];
  let turn = 0;
  for (const [seconds, rate] of profile) {
    for (let second = 0; second < seconds; second++) {
      const atMs = Date.now();
      const wanted = Math.round(rate * (1 + swing * (2 * Math.random() - 1)));
      const counts = { accepted: 0, failed: 0 };
      const calls = Math.ceil(wanted / recordsPerCall);
      const pending = [];
      for (let call = 0; call < calls; call++) {
        const dueMs = atMs + (call * 1_000) / calls - Date.now();
        if (dueMs > 1) await pause(dueMs);
        turn++;
        pending.push(append(client, turn, counts));
      }
      await Promise.all(pending);
      const partitions = (await describe(client)).partitions.length;
      samples.push({ atMs, second: samples.length, wanted, ...counts, partitions });
      const leftMs = atMs + 1_000 - Date.now();
      if (leftMs > 0) await pause(leftMs);
    }
  }
  return samples;
}

async function append(client, turn, counts) {
  const records = Array.from({ length: recordsPerCall }, (_, index) => ({
    ...{ id: "", key: `${turn}-${index}`, headers: [], contentType: "" },
    payload: Buffer.alloc(recordBytes),
  }));
  const request = stream.AppendRequest.encode({ namespace, records }).finish();
  try {
    const answer = await client.unary(`/prism.stream.v1.StreamService/Append`, request, { timeoutMs: callTimeoutMs });
    const { outcomes } = stream.AppendResponse.decode(answer);
    for (const { outcome } of outcomes) counts[outcome?.$case === "position" ? "accepted" : "failed"]++;
  } catch {
    counts.failed += recordsPerCall;
  }
}

async function describe(client) {
  const request = stream.DescribeRequest.encode({ namespace, group: "" }).finish();
  const answer = await client.unary("/prism.stream.v1.StreamService/Describe", request, { timeoutMs: callTimeoutMs });
  return stream.DescribeResponse.decode(answer);
}

const secondsBetween = (beginMs, endMs) => Math.round((endMs - beginMs) / 100) / 10;
