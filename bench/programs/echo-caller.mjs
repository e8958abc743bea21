// usage: echo-caller.mjs PATH. Sends as many bytes as the bench asks for to socket-echo.mjs, and waits until they are back.
import { once } from "node:events";
import { connect } from "node:net";
import { answerRuns, closedLoop } from "./closed-loop.mjs";

const socket = connect(process.argv[2]);
await once(socket, "connect");

await answerRuns(({ valueBytes, calls }) => {
  const message = Buffer.alloc(valueBytes, 7);
  return closedLoop({ calls, callers: 1 }, () => roundTrip(message));
});

function roundTrip(message) {
  const { promise, resolve } = Promise.withResolvers();
  let missing = message.length;
  const onData = (data) => {
    missing -= data.length;
    if (missing > 0) return;
    socket.off("data", onData);
    resolve();
  };
  socket.on("data", onData);
  socket.write(message);
  return promise;
}
