import { expect, test } from "vitest";
import { judged } from "./targets.mjs";

const still = { p50Us: [1, 1, 1], proxyCpuUs: [1, 1, 1], storeCpuUs: [1, 1, 1], callsPerSecond: [1, 1, 1] };

/** Get 1 KiB as it was seen: three rounds, figures that are all 1 but for those given. */
function get1k(subjects) {
  const seen = Object.entries(subjects).map(([id, figures]) => ({ id, name: id, figures: { ...still, ...figures } }));
  return [{ id: "get-1k-c64", title: "", subjects: seen }];
}

const find = (comparisons, title) => judged(comparisons).find((target) => target.title.startsWith(title));

test.each([
  ["20 times as many calls reach the aim", "calls/s ÷ a plain", { callsPerSecond: [20, 20, 20] }, "aim"],
  ["10 times as many calls are what must be", "calls/s ÷ a plain", { callsPerSecond: [10, 10, 10] }, "must"],
  ["9 times as many calls miss", "calls/s ÷ a plain", { callsPerSecond: [9, 9, 9] }, "missed"],
  ["a tenth of nginx' CPU reaches the aim", "proxy CPU per call ÷ nginx", { proxyCpuUs: [0.1, 0.1, 0.1] }, "aim"],
  ["a third of nginx' CPU is what must be", "proxy CPU per call ÷ nginx", { proxyCpuUs: [0.33, 0.33, 0.33] }, "must"],
  ["half of nginx' CPU misses", "proxy CPU per call ÷ nginx", { proxyCpuUs: [0.5, 0.5, 0.5] }, "missed"],
  ["one bad round of three changes no verdict", "calls/s ÷ a plain", { callsPerSecond: [20, 1, 20] }, "aim"],
])("%s", (_, title, figures, verdict) => {
  const seen = get1k({ "prism-memstore": figures, "grpc-js-proxy": {}, "nginx-memstore": {}, again: figures });
  expect(find(seen, title)).toMatchObject({ verdict });
});

test("a ratio is made within each round, and its range is told", () => {
  const seen = get1k({
    "prism-memstore": { callsPerSecond: [100, 10, 300] },
    "grpc-js-proxy": { callsPerSecond: [10, 1, 10] },
    again: {},
  });
  expect(find(seen, "calls/s ÷ a plain")).toMatchObject({ measured: 10, lowest: 10, highest: 30 });
});

test("noise is how far the same subject was from itself in the worst round", () => {
  const seen = get1k({
    "prism-memstore": { callsPerSecond: [100, 100, 100] },
    "grpc-js-proxy": {},
    again: { callsPerSecond: [105, 80, 100] },
  });
  expect(find(seen, "calls/s ÷ a plain").noise).toBeCloseTo(0.25);
});

test("a target whose subjects were not all measured is not judged", () => {
  expect(judged(get1k({ "prism-memstore": {}, again: {} }))).toEqual([]);
});
