import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Keepalive } from "./keepalive.js";

const intervalMs = 100;

describe("keepalive", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function watch() {
    const questions: PromiseWithResolvers<void>[] = [];
    const onDead = vi.fn();
    const ask = () => {
      const question = Promise.withResolvers<void>();
      questions.push(question);
      return question.promise;
    };
    return { keepalive: new Keepalive({ intervalMs, ask, onDead }), questions, onDead };
  }

  /** Lets intervals pass, after each of which `each` happens. */
  async function pass(intervals: number, each: () => void = () => {}): Promise<void> {
    for (let n = 0; n < intervals; n++) {
      await vi.advanceTimersByTimeAsync(intervalMs);
      each();
    }
  }

  test("asks nothing of a peer that speaks", async () => {
    const { keepalive, questions } = watch();
    await pass(5, () => keepalive.heard());
    expect(questions).toHaveLength(0);
  });

  test("asks a peer once it has been silent for an interval, and only once at a time", async () => {
    const { questions } = watch();
    await pass(5);
    expect(questions).toHaveLength(1);
  });

  test("asks again after an answer", async () => {
    const { keepalive, questions, onDead } = watch();
    await pass(2);
    keepalive.heard();
    questions[0]!.resolve();
    await pass(2);
    expect(questions).toHaveLength(2);
    expect(onDead).not.toHaveBeenCalled();
  });

  test("tells that the peer is dead when no answer comes", async () => {
    const { questions, onDead } = watch();
    await pass(2);
    questions[0]!.reject(new Error("no answer"));
    await vi.advanceTimersByTimeAsync(0);
    expect(onDead).toHaveBeenCalledOnce();
  });

  test("takes anything that came meanwhile for an answer", async () => {
    const { keepalive, questions, onDead } = watch();
    await pass(2);
    keepalive.heard();
    questions[0]!.reject(new Error("no answer"));
    await vi.advanceTimersByTimeAsync(0);
    expect(onDead).not.toHaveBeenCalled();
  });

  test("is silent once it is stopped", async () => {
    const { keepalive, questions } = watch();
    keepalive.stop();
    await pass(5);
    expect(questions).toHaveLength(0);
  });
});
