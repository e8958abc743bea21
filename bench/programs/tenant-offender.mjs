// Calls a namespace ten times as often as it may, heeding nothing, until stdin ends; prints a line when it is warm.
// usage: tenant-offender.mjs ENDPOINT as JSON.
import { setTimeout as pause } from "node:timers/promises";
import { getCall, offender } from "../requests.mjs";
import { callOn, openConnection } from "./raw-calls.mjs";

const connections = 4;
const everyMs = 5;
const callsPerTurn = (offender.callsPerSecond * 10 * everyMs) / 1000;

/** Beyond this the offender would measure itself. */
const inFlightMax = 2_000;

/** Warm, and its burst used up. */
const warmAfterCalls = offender.callsPerSecond * 5;

const endpoint = JSON.parse(process.argv[2]);
const call = getCall(100, offender.namespace);
const opened = await Promise.all(Array.from({ length: connections }, () => openConnection(endpoint)));

let isOver = false;
process.stdin.resume().once("end", () => {
  isOver = true;
});

let made = 0;
let inFlight = 0;
const startedAt = performance.now();
for (let turn = 0; !isOver; turn += 1) {
  await pause(Math.max(0, startedAt + turn * everyMs - performance.now()));
  for (let index = 0; index < callsPerTurn && inFlight < inFlightMax; index += 1) {
    inFlight += 1;
    void callOn(opened[made % connections], call, endpoint).finally(() => {
      inFlight -= 1;
    });
    made += 1;
    if (made === warmAfterCalls) process.stdout.write("warm\n");
  }
}
process.exit(0);
