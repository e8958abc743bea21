import { expect, test } from "vitest";
import { MinHeap, type Placed } from "./min-heap.js";

/** Numbers from 0 to 996 in no order. */
const shuffled = Array.from({ length: 997 }, (_, index) => (index * 613) % 997);

function takeAll(heap: MinHeap<number>): number[] {
  const items: number[] = [];
  for (let { first } = heap; first !== undefined; { first } = heap) {
    items.push(first.item);
    heap.remove(first);
  }
  return items;
}

test("items come by rank, whatever order they were added in", () => {
  const heap = new MinHeap<number>();
  for (const number of shuffled) heap.add(number, number);
  expect(heap.size).toBe(997);
  expect(takeAll(heap)).toEqual([...shuffled].sort((a, b) => a - b));
  expect(heap.size).toBe(0);
});

test("any item can be removed, once", () => {
  const heap = new MinHeap<number>();
  const placed = new Map<number, Placed<number>>(shuffled.map((number) => [number, heap.add(number, number)]));
  for (const number of shuffled.filter((each) => each % 3 === 0)) {
    heap.remove(placed.get(number)!);
    heap.remove(placed.get(number)!);
  }
  expect(takeAll(heap)).toEqual([...shuffled].filter((each) => each % 3 !== 0).sort((a, b) => a - b));
});

test("a heap that was cleared is empty, and knows none of its items", () => {
  const heap = new MinHeap<string>();
  const before = heap.add("before", 1);
  heap.clear();
  heap.add("after", 2);
  heap.remove(before);
  expect(heap.first?.item).toBe("after");
});
