import { connect } from "node:net";

/** A server that is well answers in milliseconds; one that is stopped never does. */
const answerWithinMs = 2_000;

/**
 * Sends a request to a port of the loopback and shows `read` all that has come back, again and again, until it makes something
 * of it. `undefined`: there was no connection, it ended, or nothing was made of the answer in time.
 */
export function exchange<T>(
  port: number,
  request: string | Uint8Array,
  read: (answer: Buffer) => T | undefined,
): Promise<T | undefined> {
  const socket = connect(port, "127.0.0.1");
  let answer: Buffer = Buffer.alloc(0);
  return new Promise<T | undefined>((resolve) => {
    socket.setTimeout(answerWithinMs, () => resolve(undefined));
    socket.once("connect", () => socket.write(request));
    socket.on("data", (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      const result = read(answer);
      if (result !== undefined) resolve(result);
    });
    socket.once("error", () => resolve(undefined));
    socket.once("close", () => resolve(undefined));
  }).finally(() => socket.destroy());
}
