// Small calls at a steady rate, alone and beside large ones. What comes back is counted and thrown away as it is read: memory
// for it would be collected in the time that is measured.
// usage: mixed-caller.mjs ENDPOINT NEIGHBOURS: as JSON, and "same" (the same connection) or "other".
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { frameMessage, Http2Connection, unixSocketOptions } from "@prism-data/transport";
import { getCall, setCall } from "../requests.mjs";
import { quantile } from "../statistics.mjs";
import { answerRuns } from "./closed-loop.mjs";

/** A tenth of what one core serves, so that small calls wait for large ones and not for themselves. */
const callEveryMs = 4;

/** Between two large calls of a neighbour: they are under way for about a tenth of the time, and the cores are not used up. */
const neighbourPauseMs = 20;

const smallBytes = 100;
const largeBytes = 1_048_576;
const largeCalls = [getCall(largeBytes), setCall(largeBytes)];

const { host, port, path: socketPath, headers = {} } = JSON.parse(process.argv[2]);
const connection = await open();
const neighbourhood = process.argv[3] === "same" ? connection : await open();

async function open() {
  const socket = socketPath === undefined ? connect({ host, port, noDelay: true }) : connect(socketPath);
  const opened = Http2Connection.connect(socket, socketPath === undefined ? {} : unixSocketOptions);
  await opened.ready;
  return opened;
}

function make(on, { path, message, answerBytesMin }) {
  const fields = { ":method": "POST", ":scheme": "http", ":path": path, ":authority": "bench", te: "trailers" };
  const all = { ...fields, "content-type": "application/grpc", "grpc-timeout": "30S", ...headers };
  const { promise, resolve, reject } = Promise.withResolvers();
  let answerBytes = 0;
  const fail = (what) => reject(new Error(`${path} ${what}`));
  const stream = on.request(Object.entries(all).flat(), false, {
    onHeaders: (_, endStream) => endStream && fail("has no answer"),
    onData(data) {
      answerBytes += data.length;
      stream.releaseWindow(data.length);
    },
    onTrailers: () => (answerBytes < answerBytesMin ? fail(`answers ${answerBytes} bytes`) : resolve()),
    onWritable() {},
    onReset: (code) => fail(`is reset with ${code}`),
  });
  stream.sendData(frameMessage(message), true);
  return promise;
}

/** So many small calls at their rate; answers how long each took, sorted. */
async function steadyCalls(count) {
  const latenciesUs = [];
  const startedAt = performance.now();
  const calls = [];
  for (let made = 0; made < count; made += 1) {
    await pause(Math.max(0, startedAt + made * callEveryMs - performance.now()));
    const calledAt = performance.now();
    calls.push(
      make(connection, getCall(smallBytes)).then(() => latenciesUs.push((performance.now() - calledAt) * 1000)),
    );
  }
  await Promise.all(calls);
  return latenciesUs.sort((a, b) => a - b);
}

async function besideNeighbours(work) {
  let isOver = false;
  const neighbours = largeCalls.map(async (call) => {
    while (!isOver) {
      await make(neighbourhood, call);
      await pause(neighbourPauseMs);
    }
  });
  const done = await work();
  isOver = true;
  await Promise.all(neighbours);
  return done;
}

await make(connection, setCall(smallBytes));
await make(connection, setCall(largeBytes));
await answerRuns(async ({ calls }) => {
  const alone = await steadyCalls(calls);
  const beside = await besideNeighbours(() => steadyCalls(calls));
  return {
    calls,
    callsPerSecond: 1000 / callEveryMs,
    p50Us: quantile(beside, 0.5),
    p99Us: quantile(beside, 0.99),
    aloneP99Us: quantile(alone, 0.99),
  };
});
