import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Listener, type ListenerOptions, openListener } from "./listener.js";
import { sniffProtocol } from "./protocol-sniffer.js";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

describe("the first bytes of a connection", () => {
  test.each([
    ["", "unknown-yet"],
    ["P", "unknown-yet"],
    ["PRI * HTTP/2.", "unknown-yet"],
    ["PRI * HTTP/2.0", "http2"],
    [preface, "http2"],
    ["PO", "http1"],
    ["PRO", "http1"],
    ["GET / HTTP/1.1\r\n", "http1"],
    ["\r\nGET / HTTP/1.1\r\n", "http1"],
    ["PRI * HTTP/1.1", "neither"],
    ["\x16\x03\x01", "neither"],
    ["hello", "neither"],
  ])("%j tell %s", (bytes, protocol) => {
    expect(sniffProtocol(Buffer.from(bytes, "latin1"))).toBe(protocol);
  });
});

describe("the listener", () => {
  const opened: { close(): void }[] = [];
  afterEach(() => {
    for (const each of opened.splice(0)) each.close();
  });

  async function open(
    onProtocol: (protocol: string, socket: Socket) => void,
    options?: ListenerOptions,
  ): Promise<Listener> {
    const listener = await openListener(
      { host: "127.0.0.1", port: 0 },
      { onHttp1: (socket) => onProtocol("http1", socket), onHttp2: (socket) => onProtocol("http2", socket) },
      options,
    );
    opened.push(listener);
    return listener;
  }

  async function dial(listener: Listener): Promise<Socket> {
    const socket = connect(listener.port, listener.host);
    socket.on("error", () => {});
    opened.push({ close: () => socket.destroy() });
    await once(socket, "connect");
    return socket;
  }

  test.each([
    ["http2", preface],
    ["http1", "POST / HTTP/1.1\r\nhost: a\r\n\r\n"],
  ])(
    "hands a connection that speaks %s over with every byte unread, even when they come one by one",
    async (expected, bytes) => {
      const received = Promise.withResolvers<string>();
      const listener = await open((protocol, socket) => {
        let text = "";
        socket.on("data", (chunk) => {
          text += chunk.toString("latin1");
          if (text.length === bytes.length) received.resolve(`${protocol}:${text}`);
        });
      });
      const socket = await dial(listener);
      socket.setNoDelay(true);
      for (const byte of bytes) {
        socket.write(byte);
        await new Promise(setImmediate);
      }
      expect(await received.promise).toBe(`${expected}:${bytes}`);
    },
  );

  test("feeds node:http", async () => {
    const http = createHttpServer((request, response) => response.end(`${request.method} ${request.url}`));
    const listener = await open((_protocol, socket) => http.emit("connection", socket));
    const response = await fetch(`http://127.0.0.1:${listener.port}/path`, {
      method: "POST",
      body: "x".repeat(100_000),
    });
    expect(await response.text()).toBe("POST /path");
    http.closeAllConnections();
  });

  test("closes a connection that stays silent", async () => {
    const socket = await dial(await open(() => {}, { handshakeTimeoutMs: 20 }));
    await once(socket, "close");
  });

  test("closes connections beyond the cap and says so", async () => {
    let refused = 0;
    const listener = await open(() => {}, { connectionsMax: 1, onConnectionClosed: () => refused++ });
    await dial(listener);
    const second = await dial(listener);
    await once(second, "close");
    expect(refused).toBe(1);
  });

  test("stops accepting when closed, and leaves connections that were handed over", async () => {
    const taken = Promise.withResolvers<Socket>();
    const listener = await open((_protocol, socket) => taken.resolve(socket));
    const client = await dial(listener);
    client.write("GET");
    const server = await taken.promise;
    listener.close();
    server.write("still here");
    expect(String((await once(client, "data"))[0])).toBe("still here");
    const late = connect(listener.port, listener.host);
    await expect(once(late, "connect")).rejects.toThrow("ECONNREFUSED");
    server.destroy();
  });

  test("fails when the port is taken", async () => {
    const listener = await open(() => {});
    const again = openListener({ host: "127.0.0.1", port: listener.port }, { onHttp1() {}, onHttp2() {} });
    await expect(again).rejects.toThrow("EADDRINUSE");
  });
});
