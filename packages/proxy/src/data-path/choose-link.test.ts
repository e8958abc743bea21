import { expect, test } from "vitest";
import { chooseLink } from "./choose-link.js";

const linksOf = (...replicas: number[]) => replicas.map((replica) => ({ replica, calls: 0 }));
const hashes = Array.from({ length: 3_000 }, (_, n) => n);

test("calls without an order go where the fewest are, and in turn where several have as few", () => {
  const links = [
    { replica: 1, calls: 2 },
    { replica: 2, calls: 1 },
    { replica: 3, calls: 1 },
  ];
  const chosen = [0, 1, 2, 3].map((turn) => chooseLink(links, { orderHash: undefined }, turn)?.replica);
  expect(chosen).toEqual([2, 2, 3, 2]);
});

test("calls with an order stay together, and spread evenly", () => {
  const links = linksOf(1, 2, 3);
  const counts = new Map<number, number>();
  for (const orderHash of hashes) {
    const chosen = chooseLink(links, { orderHash }, orderHash)!;
    expect(chooseLink(links.toReversed(), { orderHash }, 0)).toBe(chosen);
    counts.set(chosen.replica, (counts.get(chosen.replica) ?? 0) + 1);
  }
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test("when a replica goes, only what it had changes place", () => {
  for (const orderHash of hashes) {
    const before = chooseLink(linksOf(1, 2, 3), { orderHash }, 0)!.replica;
    const after = chooseLink(linksOf(1, 3), { orderHash }, 0)!.replica;
    if (before !== 2) expect(after).toBe(before);
  }
});

test("nowhere to go is no place", () => {
  expect(chooseLink([], { orderHash: 1 }, 0)).toBeUndefined();
});
