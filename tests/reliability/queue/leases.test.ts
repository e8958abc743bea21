import { expect, test } from "vitest";
import { checkLeases, type Lease, type Sending } from "./leases.ts";

const sending = (kind: "done" | "unknown", ...messages: string[]): Sending => ({
  process: 0,
  startMs: 0,
  endMs: 1,
  input: messages,
  ending: kind === "done" ? { kind, output: messages } : { kind, reason: "test" },
});

const lease = (startMs: number, endMs: number, acknowledgement?: Lease["acknowledgement"], message = "m"): Lease => ({
  message,
  worker: startMs,
  startMs,
  endMs,
  ...(acknowledgement === undefined ? {} : { acknowledgement }),
});

test.each<[string, Sending, Lease[], number]>([
  ["a message that is handled once", sending("done", "m"), [lease(100, 200, "done")], 0],
  ["one that comes again when its lease is over", sending("done", "m"), [lease(100, 200), lease(200, 250, "done")], 1],
  ["one whose acknowledgement was not answered", sending("done", "m"), [lease(100, 200, "unknown")], 0],
  [
    "one whose acknowledgement came too late",
    sending("done", "m"),
    [lease(100, 200, "lost"), lease(210, 300, "done")],
    1,
  ],
  [
    "one that comes again after an acknowledgement without an answer",
    sending("done", "m"),
    [lease(100, 150, "unknown"), lease(150, 200, "done")],
    1,
  ],
  ["one that was perhaps sent, and is there", sending("unknown", "m"), [lease(100, 200, "done")], 0],
  ["one that was perhaps sent, and is not", sending("unknown", "m"), [], 0],
])("%s keeps the promise", (_, sent, leases, duplicates) => {
  const { lost, wrong, duplicated } = checkLeases([sent], leases);
  expect({ lost, wrong, duplicates: duplicated.length }).toEqual({ lost: [], wrong: [], duplicates });
});

test.each<[string, Lease[]]>([
  ["is never delivered", []],
  ["is delivered, not acknowledged, and gone", [lease(100, 200)]],
  ["is gone after its acknowledgement was refused", [lease(100, 200, "lost")]],
])("an accepted message that %s is lost", (_, leases) => {
  expect(checkLeases([sending("done", "m")], leases).lost?.map(({ what }) => what)).toEqual(["m"]);
});

test.each<[string, Lease[], string]>([
  ["two owners at one time", [lease(100, 200), lease(150, 250, "done")], "second owner"],
  ["a third owner beside the first", [lease(100, 400), lease(110, 120), lease(130, 140, "done")], "second owner"],
  [
    "a delivery after the acknowledgement",
    [lease(100, 150, "done"), lease(160, 200, "done")],
    "after it was acknowledged",
  ],
  ["a delivery of what nobody sent", [lease(100, 200, "done"), lease(100, 200, "done", "other")], "never sent"],
])("%s is found", (_, leases, what) => {
  const { wrong } = checkLeases([sending("done", "m")], leases);
  expect(wrong.length).toBeGreaterThan(0);
  for (const finding of wrong) expect(finding.what).toContain(what);
});
