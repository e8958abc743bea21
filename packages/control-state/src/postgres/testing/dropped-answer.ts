import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a local server that breaks, for one connection, right after a text was sent on it. */
export async function dropAnswerTo(
  text: string,
  serverPort: number,
): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(serverPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // Either end may break; that is what this is for.
      socket.on("error", () => {});
    }
    upstream.pipe(client);
    upstream.on("close", () => client.destroy());
    client.on("close", () => upstream.end());
    client.on("data", (chunk) => {
      const drops = chunk.includes(`${text}\0`);
      if (drops) upstream.unpipe(client);
      upstream.write(chunk, () => drops && client.destroy());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
