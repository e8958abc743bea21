import { once } from "node:events";

/** What a process needs in its environment so that its heap can be looked at. */
export const withInspector = { NODE_OPTIONS: "--inspect=127.0.0.1:0" };

/** Bytes of the objects that a process of Node's still refers to. `stderr`: what it wrote there since its start. */
export async function liveHeapBytes(stderr: string): Promise<number> {
  const url = /ws:\/\/\S+/.exec(stderr)?.[0];
  if (url === undefined) throw new Error("the process was not started with an inspector");
  const socket = new WebSocket(url);
  try {
    await once(socket, "open");
    await ask(socket, "HeapProfiler.collectGarbage");
    const { usedSize } = await ask<{ usedSize: number }>(socket, "Runtime.getHeapUsage");
    return usedSize;
  } finally {
    socket.close();
  }
}

/** One question of the DevTools protocol at a time. */
async function ask<T>(socket: WebSocket, method: string): Promise<T> {
  const answered = once(socket, "message");
  socket.send(JSON.stringify({ id: 1, method }));
  const [{ data }] = await answered;
  return JSON.parse(data).result;
}
