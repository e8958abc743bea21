import { beforeEach, describe, expect, test } from "vitest";
import { ServerClock } from "./server-clock.js";

/** Far from the local clock, which counts from the start of the process. */
const serverStartMs = 1_795_000_000_000;

describe("the server's clock", () => {
  let localMs: number;
  let clock: ServerClock;

  beforeEach(() => {
    localMs = 1_000;
    clock = new ServerClock(() => localMs);
  });

  /** Asks the server, whose clock is `serverAheadMs` ahead; the question and the answer take as long as said. */
  function ask({ thereMs = 1, backMs = 1, serverAheadMs = serverStartMs } = {}): void {
    const sentAtMs = localMs;
    const serverMs = sentAtMs + thereMs + serverAheadMs;
    localMs += thereMs + backMs;
    clock.observe({ sentAtMs, receivedAtMs: localMs, serverMs });
  }

  test("is not known before the server was asked", () => {
    expect(clock.nowMs()).toBeUndefined();
  });

  test("goes on with the local clock after an answer", () => {
    ask();
    localMs += 500;
    expect(clock.nowMs()).toBe(serverStartMs + localMs);
  });

  test("is off by at most half of the round trip when one way is slower", () => {
    ask({ thereMs: 0, backMs: 40 });
    expect(Math.abs(clock.nowMs()! - serverStartMs - localMs)).toBeLessThanOrEqual(20);
  });

  test("does not take a slow answer for a better one", () => {
    ask();
    ask({ thereMs: 0, backMs: 300 });
    expect(clock.nowMs()).toBe(serverStartMs + localMs);
  });

  test("takes a slow answer when the old one has become vague", () => {
    ask();
    localMs += 3_600_000;
    ask({ thereMs: 100, backMs: 100, serverAheadMs: serverStartMs + 500 });
    expect(clock.nowMs()).toBe(serverStartMs + 500 + localMs);
  });

  test("follows a server whose clock was set, forward and back", () => {
    ask();
    ask({ serverAheadMs: serverStartMs + 5_000 });
    expect(clock.nowMs()).toBe(serverStartMs + 5_000 + localMs);
    ask({ serverAheadMs: serverStartMs });
    expect(clock.nowMs()).toBe(serverStartMs + localMs);
  });

  test("does not go back when a sharper answer says that it was ahead", () => {
    ask({ thereMs: 10, backMs: 0 });
    const before = clock.nowMs()!;
    ask({ thereMs: 0, backMs: 0 });
    expect(clock.nowMs()).toBeGreaterThanOrEqual(before);
  });
});
