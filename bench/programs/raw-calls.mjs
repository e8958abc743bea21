// Calls as frames on a connection. What comes back is counted and thrown away as it is read: memory for it would be collected in the
// time that is measured.
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { frameMessage, Http2Connection, unixSocketOptions } from "@prism-data/transport";

export async function openConnection({ host, port, path }) {
  const socket = path === undefined ? connect({ host, port, noDelay: true }) : connect(path);
  const opened = Http2Connection.connect(socket, path === undefined ? {} : unixSocketOptions);
  await opened.ready;
  return opened;
}

/** Makes a call; answers how many bytes its answer has, `undefined` when it is refused without one. Rejects when it is reset. */
export function callOn(connection, { path, message }, { headers = {} } = {}) {
  const fields = { ":method": "POST", ":scheme": "http", ":path": path, ":authority": "bench", te: "trailers" };
  const all = { ...fields, "content-type": "application/grpc", "grpc-timeout": "30S", ...headers };
  const { promise, resolve, reject } = Promise.withResolvers();
  let answerBytes = 0;
  const stream = connection.request(Object.entries(all).flat(), false, {
    onHeaders: (_, endStream) => endStream && resolve(undefined),
    onData(data) {
      answerBytes += data.length;
      stream.releaseWindow(data.length);
    },
    onTrailers: () => resolve(answerBytes),
    onWritable() {},
    onReset: (code) => reject(new Error(`${path} is reset with ${code}`)),
  });
  stream.sendData(frameMessage(message), true);
  return promise;
}

/** Makes a call that must be answered in full. */
export async function answeredCall(connection, call, endpoint) {
  const answerBytes = await callOn(connection, call, endpoint);
  if (answerBytes === undefined) throw new Error(`${call.path} has no answer`);
  if (answerBytes < call.answerBytesMin) throw new Error(`${call.path} answers ${answerBytes} bytes`);
}

/** So many calls at their rate, whatever they take; answers how long each took, in µs, sorted. */
export async function steadyCalls(count, everyMs, call) {
  const latenciesUs = [];
  const startedAt = performance.now();
  const calls = [];
  for (let made = 0; made < count; made += 1) {
    await pause(Math.max(0, startedAt + made * everyMs - performance.now()));
    const calledAt = performance.now();
    calls.push(call().then(() => latenciesUs.push((performance.now() - calledAt) * 1000)));
  }
  await Promise.all(calls);
  return latenciesUs.sort((a, b) => a - b);
}
