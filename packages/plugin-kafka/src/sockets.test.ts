import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Sockets } from "./sockets.js";

/** How long a request may wait in these tests. */
const answerMsMax = 300;

const within = { timeout: 10_000, interval: 20 };

let server: Server;
let sockets: Sockets;
let others: Socket[];

/** A server that answers each `?` with `!`, and nothing else. */
beforeEach(async () => {
  others = [];
  server = createServer((socket) => {
    others.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => void (bytes.toString() === "?" && socket.write("!")));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  sockets = new Sockets();
});

afterEach(() => {
  sockets.close();
  server.close();
});

/** A connection, and whether it has failed. */
async function connected(ofRequests?: number): Promise<{ socket: Socket; failures: Error[] }> {
  const { port } = server.address() as AddressInfo;
  const ready = Promise.withResolvers<void>();
  const socket = sockets.factory(ofRequests)({
    host: "127.0.0.1",
    port,
    ssl: false as never,
    onConnect: ready.resolve,
  });
  const failures: Error[] = [];
  socket.on("error", (error) => failures.push(error));
  await ready.promise;
  return { socket, failures };
}

async function asked(socket: Socket, question: string): Promise<void> {
  socket.write(question);
  await once(socket, "data");
}

test("a connection is given up when a request on it waits for too long, not when nothing was asked or all was answered", async () => {
  const [idle, answered, waiting, patient] = await Promise.all([
    connected(answerMsMax),
    connected(answerMsMax),
    connected(answerMsMax),
    connected(),
  ]);
  await asked(answered.socket, "?");
  await asked(waiting.socket, "?");
  waiting.socket.write("unanswerable");
  patient.socket.write("unanswerable");
  await vi.waitFor(
    () => expect(waiting.failures).toMatchObject([{ message: "nothing moved on the connection" }]),
    within,
  );
  expect([idle, answered, patient].flatMap(({ failures }) => failures)).toEqual([]);
  expect(sockets.stalls).toBe(1);
});

test("those that have been quiet are given up, also without a request, and those that have not are kept", async () => {
  const [quiet, lively] = await Promise.all([connected(), connected()]);
  const sinceMs = performance.now();
  await asked(lively.socket, "?");
  sockets.giveUpQuiet(sinceMs);
  await vi.waitFor(() => expect(quiet.failures).toHaveLength(1), within);
  expect([lively.failures.length, sockets.stalls]).toEqual([0, 1]);
});

test("a connection whose end the other side does not confirm is destroyed, which is no stall", async () => {
  const { socket, failures } = await connected();
  await vi.waitFor(() => expect(others).toHaveLength(1), within);
  others[0]!.pause();
  socket.end();
  await once(socket, "close");
  expect([failures, sockets.stalls]).toEqual([[], 0]);
});
