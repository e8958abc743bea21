import { expect, test } from "vitest";
import { Slots } from "./slots.js";

test("no more than the slots run at once, in the order in which they came, also after one that failed", async () => {
  const slots = new Slots(2);
  const begun: number[] = [];
  const works = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const runs = works.map(({ promise }, index) =>
    slots.run(async () => {
      begun.push(index);
      await promise;
    }),
  );
  expect(begun).toEqual([0, 1]);
  works[1]!.reject(new Error("no"));
  await expect(runs[1]).rejects.toThrow("no");
  expect(begun).toEqual([0, 1, 2]);
  works[0]!.resolve();
  await runs[0];
  expect(begun).toEqual([0, 1, 2, 3]);
  for (const { resolve } of works) resolve();
  await Promise.all([runs[2], runs[3]]);
});

test("what is hastened goes before what waits longer, and is still one of the slots", async () => {
  const slots = new Slots(1);
  const begun: string[] = [];
  const tickets = Object.fromEntries(["first", "second", "third", "fourth"].map((name) => [name, { name }]));
  const runs = Object.entries(tickets).map(([name, ticket]) =>
    slots.run(async () => {
      begun.push(name);
    }, ticket),
  );
  for (const name of ["third", "first", "third"]) slots.hasten(tickets[name]!);
  await Promise.all(runs);
  expect(begun).toEqual(["first", "third", "second", "fourth"]);
});
