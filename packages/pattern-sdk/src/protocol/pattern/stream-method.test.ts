import { setImmediate as turn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { unlessAborted } from "./stream-method.js";

test("a promise settles as it does while nothing is aborted", async () => {
  const { signal } = new AbortController();
  await expect(unlessAborted(Promise.resolve(1), signal)).resolves.toBe(1);
  await expect(unlessAborted(Promise.reject(new Error("refused")), signal)).rejects.toThrow("refused");
});

test("an abort ends the wait with its reason", async () => {
  const controller = new AbortController();
  const waiting = unlessAborted(new Promise(() => {}), controller.signal);
  controller.abort(new Error("the caller went away"));
  await expect(waiting).rejects.toThrow("the caller went away");
});

test("a promise that rejects as well as the abort is heard: its rejection would end the plugin", async () => {
  const unheard = vi.fn();
  process.on("unhandledRejection", unheard);
  try {
    const rejected = Promise.reject(new Error("the call is over"));
    await expect(unlessAborted(rejected, AbortSignal.abort(new Error("the caller went away")))).rejects.toThrow(
      "the caller went away",
    );
    await turn();
    expect(unheard).not.toHaveBeenCalled();
  } finally {
    process.off("unhandledRejection", unheard);
  }
});
