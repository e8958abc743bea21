import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { LendingSocket, lendingSocket } from "./lending-socket.js";

async function acceptOne() {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [accepted] = await once(server, "connection");
  return { server, client, socket: lendingSocket(accepted) };
}

test("an accepted socket lends what it reads, and answers", async () => {
  const { server, client, socket } = await acceptOne();
  expect(socket).toBeInstanceOf(LendingSocket);
  const lent: Buffer[] = [];
  const copies: string[] = [];
  (socket as LendingSocket).lendTo((bytes) => {
    lent.push(bytes);
    copies.push(String(bytes));
    socket.write("thanks");
  });
  for (const text of ["first", "second"]) {
    client.write(text);
    await once(client, "data");
  }
  expect(copies).toEqual(["first", "second"]);
  expect(lent[0]!.buffer).toBe(lent[1]!.buffer);
  client.end();
  await once(socket, "end");
  socket.end();
  await once(client, "close");
  server.close();
  await once(server, "close");
});

test("what came before somebody takes the bytes is not lost, and comes first", async () => {
  const { server, client, socket } = await acceptOne();
  client.write("early");
  const [early] = await once(socket, "data");
  socket.pause();
  socket.unshift(early);
  let seen = "";
  (socket as LendingSocket).lendTo((bytes) => {
    seen += bytes;
  });
  socket.resume();
  client.end(" and late");
  await once(socket, "end");
  expect(seen).toBe("early and late");
  socket.destroy();
  server.close();
  await once(server, "close");
});

test("its server no longer counts a connection that has closed", async () => {
  const { server, client, socket } = await acceptOne();
  const connections = () => new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
  expect(await connections()).toBe(1);
  client.destroy();
  socket.resume();
  await once(socket, "end");
  socket.destroy();
  await expect.poll(connections).toBe(0);
  server.close();
});
