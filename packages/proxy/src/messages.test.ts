import { expect, test } from "vitest";
import { createPortPair } from "./messages.js";

test("messages arrive in order, after the sender has gone on, and wait for a listener", async () => {
  const [left, right] = createPortPair<string, number>();
  const received: number[] = [];
  left.postMessage(1);
  left.postMessage(2);
  await Promise.resolve();
  right.onmessage = ({ data }) => received.push(data);
  left.postMessage(3);
  expect(received).toEqual([]);
  await expect.poll(() => received).toEqual([1, 2, 3]);
});

test("both ends send and receive", async () => {
  const [left, right] = createPortPair<string, number>();
  right.onmessage = ({ data }) => right.postMessage(`got ${data}`);
  const answer = Promise.withResolvers<string>();
  left.onmessage = ({ data }) => answer.resolve(data);
  left.postMessage(7);
  expect(await answer.promise).toBe("got 7");
});
