// Load from h2load (nghttp2): the cheapest generator there is, so that what is measured is the server. It does not know gRPC:
// that answers are right is checked before, and that they are whole by their size.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { frameMessage } from "@prism-data/transport";
import { runProgram } from "../programs.mjs";
import { quantile } from "../statistics.mjs";

/** What an app gives its calls; none here comes near it. */
const deadline = "30S";

/** A run that takes so much longer than planned has hung. */
const runTimeoutMs = 60_000;

/** Makes `calls` calls and answers what was seen: `callsPerSecond`, `p50Us`, `p99Us`. */
export async function h2load({ endpoint, call, connections, streams, calls, folder, cpu }) {
  const body = join(folder, "request.bin");
  const log = join(folder, "h2load.log");
  writeFileSync(body, Buffer.concat((call.messages ?? [call.message]).map(frameMessage)));
  rmSync(log, { force: true });
  const printed = await runProgram(
    [
      ...["h2load", "-t", "1", "-n", String(calls), "-c", String(connections), "-m", String(streams)],
      ...["-d", body, `--log-file=${log}`],
      ...headerArguments(endpoint.headers),
      ...targetArguments(endpoint, call.path),
    ],
    { cpu, timeoutMs: runTimeoutMs },
  );
  checkAnswers(printed, calls, call);
  const rate = Number(/finished in [^,]+, ([\d.]+) req\/s/.exec(printed)[1]);
  return { calls, callsPerSecond: rate, ...latencies(readFileSync(log, "utf8")) };
}

function headerArguments(headers) {
  const all = { "content-type": "application/grpc", te: "trailers", "grpc-timeout": deadline, ...headers };
  return Object.entries(all).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
}

function targetArguments({ scheme = "http", host, port, path: socket }, path) {
  if (socket !== undefined) return ["-B", `unix:${socket}`, `http://localhost${path}`];
  return [`${scheme}://${host}:${port}${path}`];
}

function checkAnswers(printed, calls, call) {
  const succeeded = Number(/(\d+) 2xx/.exec(printed)[1]);
  const dataBytes = Number(/traffic: .* \((\d+)\) data/.exec(printed)[1]);
  if (succeeded === calls && dataBytes >= calls * call.answerBytesMin) return;
  throw new Error(`${call.path}: of ${calls} answers ${succeeded} came, ${dataBytes} bytes in all:\n${printed}`);
}

function latencies(log) {
  const sorted = log
    .trimEnd()
    .split("\n")
    .map((line) => Number(line.slice(line.lastIndexOf("\t") + 1)))
    .sort((a, b) => a - b);
  return { p50Us: quantile(sorted, 0.5), p99Us: quantile(sorted, 0.99) };
}
