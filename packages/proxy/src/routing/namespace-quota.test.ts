import { describe, expect, test } from "vitest";
import { NamespaceQuota, NamespaceQuotas } from "./namespace-quota.js";

const unlimited = {
  callsPerSecond: undefined,
  burst: undefined,
  callsInFlight: undefined,
  bytesPerSecond: undefined,
  storageBytes: undefined,
};

describe("calls in flight", () => {
  test("are let in up to the limit, and again when others have left", () => {
    const quota = new NamespaceQuota("n", { ...unlimited, callsInFlight: 2 });
    expect([quota.enter(), quota.enter()]).toEqual([undefined, undefined]);
    expect(quota.enter()).toMatchObject({
      reason: "QUOTA_EXCEEDED",
      message: expect.stringContaining("a limit of 2 calls in flight"),
      quotaViolations: [{ subject: "namespace:n" }],
    });
    quota.leave();
    expect(quota.enter()).toBeUndefined();
    expect(quota.enter()).toBeDefined();
  });
});

describe("calls per second", () => {
  test("are let in as a burst, then at their rate, with the time until the next", () => {
    const quota = new NamespaceQuota("n", { ...unlimited, callsPerSecond: 1, burst: 3 });
    for (let call = 0; call < 3; call += 1) expect(quota.enter()).toBeUndefined();
    expect(quota.enter()).toMatchObject({ reason: "QUOTA_EXCEEDED", retryAfterMs: 1_000 });
  });
});

describe("bytes per second", () => {
  test("are spent by what passes, and what was too much is made up before the next call, as its answer says", () => {
    const quota = new NamespaceQuota("n", { ...unlimited, bytesPerSecond: 1_000 });
    expect(quota.enter()).toBeUndefined();
    quota.transfer(500);
    expect(quota.enter()).toBeUndefined();
    quota.transfer(4_500);
    const exceeded = quota.enter();
    expect(exceeded).toMatchObject({
      reason: "QUOTA_EXCEEDED",
      message: expect.stringContaining("a limit of 1000 bytes per second"),
    });
    expect(exceeded?.retryAfterMs).toBeGreaterThan(3_500);
    expect(exceeded?.retryAfterMs).toBeLessThanOrEqual(4_100);
  });
});

describe("stored bytes", () => {
  test("refuse what would add while there are as many, by the last count, and nothing else", () => {
    const quota = new NamespaceQuota("n", { ...unlimited, storageBytes: 1_000 });
    quota.storedBytes = 999;
    expect(quota.enter(true)).toBeUndefined();
    quota.storedBytes = 1_000;
    expect(quota.enter(true)).toMatchObject({
      reason: "QUOTA_EXCEEDED",
      retryAfterMs: 5_000,
      message: expect.stringContaining("a limit of 1000 stored bytes"),
      quotaViolations: [{ subject: "namespace:n" }],
    });
    expect(quota.enter(false)).toBeUndefined();
    quota.storedBytes = 0;
    expect(quota.enter(true)).toBeUndefined();
  });

  test("are known to quotas that are made after the count, and forgotten with the next one", () => {
    const quotas = new NamespaceQuotas();
    const early = quotas.of("early", { ...unlimited, storageBytes: 10 })!;
    quotas.stored(new Map(Object.entries({ early: 10, late: 10 })));
    const late = quotas.of("late", { ...unlimited, storageBytes: 10 })!;
    expect([early.enter(true), late.enter(true)]).toEqual([expect.anything(), expect.anything()]);
    quotas.stored(new Map());
    expect([early.enter(true), late.enter(true)]).toEqual([undefined, undefined]);
  });
});

test("calls beyond a limit get the same answer, so that it is made once", () => {
  const quota = new NamespaceQuota("n", { ...unlimited, callsInFlight: 1 });
  quota.enter();
  const answer = quota.enter();
  expect(answer).toBeDefined();
  expect(quota.enter()).toBe(answer);
});

test("what is used of a quota stays used when routes change, and a changed quota begins anew", () => {
  const quotas = new NamespaceQuotas();
  const first = quotas.of("n", { ...unlimited, callsInFlight: 1 });
  expect(quotas.of("n", { ...unlimited, callsInFlight: 1 })).toBe(first);
  expect(quotas.of("n", { ...unlimited, callsInFlight: 2 })).not.toBe(first);
  expect(quotas.of("n", undefined)).toBeUndefined();
});
