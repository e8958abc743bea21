// One run of load: a process of its own, so that its CPU is nobody else's. Closed loop: each of `concurrency` callers sends
// its next call when the last one is answered. Prints one JSON line.
// usage: load.mjs TARGET METHOD CONCURRENCY CONNECTIONS DURATION_MS REQUEST_HEX
import { GrpcClient } from "@prism-data/transport";

const [target, method, concurrency, connections, durationMs, requestHex] = process.argv.slice(2);
const request = Buffer.from(requestHex, "hex");
const at = target.includes("/")
  ? { path: target }
  : { host: target.slice(0, target.lastIndexOf(":")), port: Number(target.slice(target.lastIndexOf(":") + 1)) };
const clients = await Promise.all(Array.from({ length: Number(connections) }, () => GrpcClient.connect(at)));

const latenciesUs = [];
let answeredBytes = 0;
const endsAt = performance.now() + Number(durationMs);

async function caller(client) {
  for (let now = performance.now(); now < endsAt; ) {
    const answer = await client.unary(method, request);
    const then = performance.now();
    latenciesUs.push((then - now) * 1000);
    answeredBytes += answer.length;
    now = then;
  }
}

const startedAt = performance.now();
await Promise.all(Array.from({ length: Number(concurrency) }, (_, index) => caller(clients[index % clients.length])));
const elapsedMs = performance.now() - startedAt;
await Promise.all(clients.map((client) => client.close()));

latenciesUs.sort((a, b) => a - b);
const quantile = (q) => latenciesUs[Math.min(latenciesUs.length - 1, Math.floor(latenciesUs.length * q))];
const result = {
  calls: latenciesUs.length,
  callsPerSecond: latenciesUs.length / (elapsedMs / 1000),
  p50Us: quantile(0.5),
  p99Us: quantile(0.99),
  answeredBytes,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
