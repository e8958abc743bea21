import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../errors.js";
import type { Position } from "../../patterns/stream/stream.js";
import type { ConsumeResponse } from "../gen/prism/stream/v1/stream.js";
import { commit, consume, memberScript, recordAt, runScripted, scripted } from "./scripted-stream.fixture.js";

const unavailable = new GatewayError("BACKEND_UNAVAILABLE", "The data system is down.");

/** An event as a short text. */
function eventText(response: ConsumeResponse | undefined): string {
  const { event } = response ?? {};
  if (event?.$case === "assignment") return `has ${event.value.partitions}`;
  if (event?.$case === "records")
    return `gets ${event.value.records.map(({ partition, offset }) => `${partition}:${offset}`)}`;
  if (event?.$case === "committed")
    return `commits ${event.value.positions.map(({ partition, offset }) => `${partition}:${offset}`)}`;
  return "ends";
}

describe("a member", () => {
  test("is told its partitions in order, gets records and commits them", async () => {
    const { stream, joined } = memberScript();
    await using tiny = await runScripted(stream);
    using consuming = consume(tiny);
    const { outlet } = await joined;
    outlet.assigned([1, 0]);
    await outlet.room();
    outlet.send([recordAt(0, 7), recordAt(1, 3)]);
    commit(consuming, 0, 7);
    const events = [await consuming.answer(), await consuming.answer(), await consuming.answer()];
    expect(events.map(eventText)).toEqual(["has 0,1", "gets 0:7,1:3", "commits 0:7"]);
  });

  test("that ends its side leaves when its commits are done, and the call ends well", async () => {
    const committing = Promise.withResolvers<readonly Position[]>();
    const { stream, joined, left } = memberScript({ commit: () => committing.promise });
    await using tiny = await runScripted(stream);
    using consuming = consume(tiny);
    const { outlet } = await joined;
    outlet.assigned([0]);
    outlet.send([recordAt(0, 1)]);
    await consuming.answer();
    await consuming.answer();
    commit(consuming, 0, 1);
    consuming.call.end();
    let hasLeft = false;
    void left.then(() => {
      hasLeft = true;
    });
    await turn();
    expect(hasLeft).toBe(false);
    committing.resolve([{ partition: 0, offset: 1n }]);
    expect([eventText(await consuming.answer()), eventText(await consuming.answer())]).toEqual(["commits 0:1", "ends"]);
    await left;
  });

  test("whose app goes without a word leaves, and its work is called off", async () => {
    const { stream, joined, left } = memberScript();
    await using tiny = await runScripted(stream);
    using consuming = consume(tiny);
    const { outlet, signal } = await joined;
    outlet.assigned([0]);
    consuming.call.cancel();
    await left;
    expect(signal.aborted).toBe(true);
    await expect(outlet.room()).rejects.toBeDefined();
  });

  test("that comes to be when its app has gone leaves at once", async () => {
    const { stream, joined, left } = memberScript();
    const join = stream.join!;
    const late = Promise.withResolvers<void>();
    await using tiny = await runScripted({
      ...stream,
      join: async (...asked) => {
        const member = await join(...asked);
        await late.promise;
        return member;
      },
    });
    using consuming = consume(tiny);
    const { signal } = await joined;
    const gone = new Promise((resolve) => signal.addEventListener("abort", resolve));
    consuming.call.cancel();
    await gone;
    late.resolve();
    await left;
  });

  test("that cannot join is told why", async () => {
    await using tiny = await runScripted(scripted({ join: () => Promise.reject(unavailable) }));
    expect(await consume(tiny).failure()).toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
  });

  test("that fails is told why, and has left", async () => {
    const { stream, joined, left } = memberScript();
    await using tiny = await runScripted(stream);
    using consuming = consume(tiny);
    (await joined).outlet.failed(unavailable);
    expect(await consuming.failure()).toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
    await left;
  });

  test("whose commit fails is told why, and has left", async () => {
    const { stream, joined, left } = memberScript({ commit: () => Promise.reject(unavailable) });
    await using tiny = await runScripted(stream);
    using consuming = consume(tiny);
    const { outlet } = await joined;
    outlet.assigned([0]);
    outlet.send([recordAt(0, 1)]);
    commit(consuming, 0, 1);
    expect(await consuming.failure()).toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
    await left;
  });

  test("gets no record of a partition that it does not have: the plugin has a defect", async () => {
    const { stream, joined } = memberScript();
    await using tiny = await runScripted(stream);
    using consuming = consume(tiny);
    const { outlet } = await joined;
    outlet.assigned([0]);
    expect(() => outlet.send([recordAt(0, 1), recordAt(1, 1)])).toThrow("a defect of the plugin");
    expect(await consuming.failure()).toMatchObject({ reason: "INTERNAL" });
  });
});

describe("what is outstanding", () => {
  test("of a partition that goes to another member takes no room, and what waits of it is not sent", async () => {
    const { stream, joined } = memberScript();
    await using tiny = await runScripted(stream);
    using consuming = consume(tiny, { recordsMax: 2 });
    const { outlet } = await joined;
    outlet.assigned([0, 1]);
    outlet.send([recordAt(0, 1), recordAt(0, 2), recordAt(0, 3), recordAt(1, 1)]);
    outlet.assigned([1]);
    expect(await outlet.room()).toMatchObject({ items: 1 });
    const events = [];
    for (let count = 0; count < 4; count++) events.push(eventText(await consuming.answer()));
    expect(events).toEqual(["has 0,1", "gets 0:1,0:2", "has 1", "gets 1:1"]);
  });

  test("of a partition that stays goes on to count", async () => {
    const { stream, joined } = memberScript();
    await using tiny = await runScripted(stream);
    using _ = consume(tiny, { recordsMax: 3 });
    const { outlet } = await joined;
    outlet.assigned([0, 1]);
    outlet.send([recordAt(0, 1), recordAt(1, 1)]);
    outlet.assigned([1]);
    outlet.assigned([0, 1]);
    expect(await outlet.room()).toMatchObject({ items: 2 });
  });
});

describe("a commit", () => {
  test("that waits for another is merged with what comes meanwhile", async () => {
    const first = Promise.withResolvers<void>();
    const committed: string[] = [];
    const { stream, joined } = memberScript({
      commit: async (positions) => {
        committed.push(positions.map(({ partition, offset }) => `${partition}:${offset}`).join());
        if (committed.length === 1) await first.promise;
        return positions;
      },
    });
    await using tiny = await runScripted(stream);
    using consuming = consume(tiny);
    const { outlet } = await joined;
    outlet.assigned([0, 1]);
    outlet.send([recordAt(0, 1), recordAt(0, 2), recordAt(0, 3), recordAt(1, 1)]);
    for (const [partition, offset] of [
      [0, 1],
      [0, 3],
      [0, 2],
      [1, 1],
    ] as const) {
      commit(consuming, partition, offset);
    }
    consuming.call.end();
    first.resolve();
    while ((await consuming.answer()) !== undefined);
    expect(committed[0]).toBe("0:1");
    expect(committed.at(-1)).toContain("1:1");
    expect(committed.filter((positions) => positions.includes("0:2"))).toEqual([]);
  });

  test.each([
    ["of what was not delivered", 0, 2],
    ["of a partition that has delivered nothing", 1, 0],
  ])("%s is refused, and the member has left", async (_, partition, offset) => {
    const { stream, joined, left } = memberScript();
    await using tiny = await runScripted(stream);
    using consuming = consume(tiny);
    const { outlet } = await joined;
    outlet.assigned([0, 1]);
    outlet.send([recordAt(0, 1)]);
    commit(consuming, partition, offset);
    expect(await consuming.failure()).toMatchObject({
      reason: "INVALID_FIELD",
      fieldViolations: [{ field: "commit.positions[0].offset" }],
    });
    await left;
  });

  test("of a partition that another member has is the plugin's to ignore", async () => {
    const asked: (readonly Position[])[] = [];
    const { stream, joined } = memberScript({
      commit: (positions) => {
        asked.push(positions);
        return [];
      },
    });
    await using tiny = await runScripted(stream);
    using consuming = consume(tiny);
    const { outlet } = await joined;
    outlet.assigned([0, 1]);
    outlet.send([recordAt(0, 1)]);
    outlet.assigned([1]);
    commit(consuming, 0, 1);
    consuming.call.end();
    const events = [];
    for (let event = "start"; event !== "ends"; events.push(event)) event = eventText(await consuming.answer());
    expect(events).toEqual(["has 0,1", "gets 0:1", "has 1", "ends"]);
    expect(asked).toEqual([[{ partition: 0, offset: 1n }]]);
  });
});

test("a drain ends a member with DRAINING once its commit in flight is told, and commits nothing else", async () => {
  const committing = Promise.withResolvers<readonly Position[]>();
  const begun = Promise.withResolvers<void>();
  const commits: (readonly Position[])[] = [];
  const { stream, joined, left } = memberScript({
    commit: (positions) => {
      commits.push(positions);
      begun.resolve();
      return committing.promise;
    },
  });
  await using tiny = await runScripted(stream);
  using consuming = consume(tiny);
  const { outlet, signal } = await joined;
  outlet.assigned([0]);
  outlet.send([recordAt(0, 1), recordAt(0, 2)]);
  commit(consuming, 0, 1);
  await begun.promise;
  const drained = tiny.contract.drain({ grace: { seconds: 10n, nanos: 0 } });
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  committing.resolve([{ partition: 0, offset: 1n }]);
  await consuming.answer();
  await consuming.answer();
  expect(eventText(await consuming.answer())).toBe("commits 0:1");
  expect(await consuming.failure()).toMatchObject({ reason: "DRAINING" });
  await left;
  expect(commits).toEqual([[{ partition: 0, offset: 1n }]]);
  await drained;
});
