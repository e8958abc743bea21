import { expect, test } from "vitest";
import { Turns } from "./turns.js";

test("as many run as may, and the others after them, in their order", async () => {
  const turns = new Turns(2);
  const ended: number[] = [];
  const releases: (() => void)[] = [];
  const works = [0, 1, 2, 3].map((work) =>
    turns.take(async () => {
      await new Promise<void>((resolve) => releases.push(resolve));
      ended.push(work);
    }),
  );
  for (let work = 0; work < works.length; work++) {
    await expect.poll(() => releases.length).toBe(Math.min(work + 2, works.length));
    releases[work]!();
    await works[work];
  }
  expect(ended).toEqual([0, 1, 2, 3]);
});

test("a turn is given back by work that fails", async () => {
  const turns = new Turns(1);
  await expect(turns.take(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await turns.take(async () => "next")).toBe("next");
});

test("who stops waiting takes no turn away", async () => {
  const turns = new Turns(1);
  await turns.enter();
  const ending = new AbortController();
  const waiting = [turns.enter(ending.signal), turns.enter()];
  expect(turns.waiting).toBe(2);
  ending.abort(new Error("gone"));
  await expect(waiting[0]).rejects.toThrow("gone");
  await expect(turns.enter(ending.signal)).rejects.toThrow("gone");
  turns.leave();
  await waiting[1];
  expect(turns.waiting).toBe(0);
});
