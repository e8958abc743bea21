// The least that a hop through another Node process can cost: it sends back what it gets. usage: socket-echo.mjs PATH
import { createServer } from "node:net";

createServer((socket) => socket.on("data", (data) => socket.write(data)).on("error", () => socket.destroy())).listen(
  process.argv[2],
  () => process.stdout.write("ready\n"),
);
