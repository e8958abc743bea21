// A namespace that keeps to its rate, alone and beside one that calls ten times as often as it may, from a process of its own.
// usage: tenant-caller.mjs ENDPOINT as JSON.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { getCall, setCall } from "../requests.mjs";
import { quantile } from "../statistics.mjs";
import { answerRuns } from "./closed-loop.mjs";
import { answeredCall, openConnection, steadyCalls } from "./raw-calls.mjs";

/** Little of what one core serves. */
const callEveryMs = 2;

const valueBytes = 100;
const endpoint = JSON.parse(process.argv[2]);
const offender = fileURLToPath(new URL("tenant-offender.mjs", import.meta.url));
const connection = await openConnection(endpoint);

const calls = (count) => steadyCalls(count, callEveryMs, () => answeredCall(connection, getCall(valueBytes), endpoint));

async function besideOffender(work) {
  const child = spawn(process.execPath, [offender, process.argv[2]], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const done = await work();
  child.stdin.end();
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`the offender ended with ${code}`);
  return done;
}

await answeredCall(connection, setCall(valueBytes), endpoint);
await answerRuns(async ({ calls: count }) => {
  const alone = await calls(count);
  const beside = await besideOffender(() => calls(count));
  return {
    calls: count,
    callsPerSecond: 1000 / callEveryMs,
    p50Us: quantile(beside, 0.5),
    p99Us: quantile(beside, 0.99),
    aloneP99Us: quantile(alone, 0.99),
  };
});
