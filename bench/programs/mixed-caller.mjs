// Small calls at a steady rate, alone and beside large ones.
// usage: mixed-caller.mjs ENDPOINT NEIGHBOURS: as JSON, and "same" (the same connection) or "other".
import { setTimeout as pause } from "node:timers/promises";
import { getCall, setCall } from "../requests.mjs";
import { quantile } from "../statistics.mjs";
import { answerRuns } from "./closed-loop.mjs";
import { answeredCall, openConnection, steadyCalls } from "./raw-calls.mjs";

/** A tenth of what one core serves, so that small calls wait for large ones and not for themselves. */
const callEveryMs = 4;

/** Between two large calls of a neighbour: they are under way for about a tenth of the time, and the cores are not used up. */
const neighbourPauseMs = 20;

const smallBytes = 100;
const largeBytes = 1_048_576;
const largeCalls = [getCall(largeBytes), setCall(largeBytes)];

const endpoint = JSON.parse(process.argv[2]);
const connection = await openConnection(endpoint);
const neighbourhood = process.argv[3] === "same" ? connection : await openConnection(endpoint);

const smallCalls = (count) =>
  steadyCalls(count, callEveryMs, () => answeredCall(connection, getCall(smallBytes), endpoint));

async function besideNeighbours(work) {
  let isOver = false;
  const neighbours = largeCalls.map(async (call) => {
    while (!isOver) {
      await answeredCall(neighbourhood, call, endpoint);
      await pause(neighbourPauseMs);
    }
  });
  const done = await work();
  isOver = true;
  await Promise.all(neighbours);
  return done;
}

await answeredCall(connection, setCall(smallBytes), endpoint);
await answeredCall(connection, setCall(largeBytes), endpoint);
await answerRuns(async ({ calls }) => {
  const alone = await smallCalls(calls);
  const beside = await besideNeighbours(() => smallCalls(calls));
  return {
    calls,
    callsPerSecond: 1000 / callEveryMs,
    p50Us: quantile(beside, 0.5),
    p99Us: quantile(beside, 0.99),
    aloneP99Us: quantile(alone, 0.99),
  };
});
