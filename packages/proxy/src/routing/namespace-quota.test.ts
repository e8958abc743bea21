import { describe, expect, test } from "vitest";
import { NamespaceQuota, NamespaceQuotas } from "./namespace-quota.js";

const unlimited = { callsPerSecond: undefined, burst: undefined, callsInFlight: undefined };

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

test("what is used of a quota stays used when routes change, and a changed quota begins anew", () => {
  const quotas = new NamespaceQuotas();
  const first = quotas.of("n", { ...unlimited, callsInFlight: 1 });
  expect(quotas.of("n", { ...unlimited, callsInFlight: 1 })).toBe(first);
  expect(quotas.of("n", { ...unlimited, callsInFlight: 2 })).not.toBe(first);
  expect(quotas.of("n", undefined)).toBeUndefined();
});
