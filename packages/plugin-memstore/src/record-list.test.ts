import { expect, test } from "vitest";
import { RecordList, type Slot } from "./record-list.js";

/** A list with a record at each of these offsets, appended at ten times that many ms. */
function listOf(offsets: readonly number[]): { readonly list: RecordList; readonly slots: ReadonlyMap<number, Slot> } {
  const list = new RecordList();
  const slots = new Map<number, Slot>();
  for (const offset of offsets) {
    const message = { id: `${offset}`, key: "", headers: [], contentType: "", payload: new Uint8Array(0) };
    const appendedAtMs = offset * 10;
    const record = { partition: 0, offset: BigInt(offset), message, appendedAtMs };
    const slot: Slot = { offset: record.offset, appendedAtMs, record, messageBytes: 1, keptBytes: 1 };
    list.add(slot);
    slots.set(offset, slot);
  }
  return { list, slots };
}

const offsetsFrom = (list: RecordList, offset: bigint) => [...list.from(offset)].map((slot) => Number(slot.offset));

test("an empty list has nothing", () => {
  const { list } = listOf([]);
  expect([list.size, list.first, list.last, list.firstSince(0), list.countFrom(0n)]).toEqual([
    0,
    undefined,
    undefined,
    undefined,
    0,
  ]);
  expect(offsetsFrom(list, 0n)).toEqual([]);
});

test.each([
  [0n, [2, 5, 9]],
  [2n, [2, 5, 9]],
  [3n, [5, 9]],
  [9n, [9]],
  [10n, []],
])("from offset %d on there are %j", (offset, expected) => {
  const { list } = listOf([2, 5, 9]);
  expect(offsetsFrom(list, offset)).toEqual(expected);
  expect(list.countFrom(offset)).toBe(expected.length);
});

test.each([
  [0, 2],
  [20, 2],
  [20.5, 5],
  [50, 5],
  [91, undefined],
])("the first since %d ms is %j", (timeMs, offset) => {
  const found = listOf([2, 5, 9]).list.firstSince(timeMs)?.offset;
  expect(found === undefined ? undefined : Number(found)).toBe(offset);
});

test("what was removed is not found, wherever it was", () => {
  const { list, slots } = listOf([0, 1, 2, 3, 4]);
  for (const offset of [2, 0, 4]) list.remove(slots.get(offset)!);
  expect([list.size, list.first?.offset, list.countFrom(0n), list.countFrom(2n)]).toEqual([2, 1n, 2, 1]);
  expect(offsetsFrom(list, 0n)).toEqual([1, 3]);
  expect(list.firstSince(20)?.offset).toBe(3n);
  list.remove(slots.get(1)!);
  list.remove(slots.get(3)!);
  expect([list.size, list.first, list.last]).toEqual([0, undefined, undefined]);
});

test("thousands of removals leave what is there in order, at both ends and between", () => {
  const count = 10_000;
  const { list, slots } = listOf([...Array(count).keys()]);
  const left = [...slots.keys()].filter((offset) => offset % 7 === 3);
  for (const [offset, slot] of slots) if (offset % 7 !== 3) list.remove(slot);
  expect(offsetsFrom(list, 0n)).toEqual(left);
  for (const offset of left.slice(0, -1)) list.remove(slots.get(offset)!);
  expect(offsetsFrom(list, 0n)).toEqual(left.slice(-1));
  expect(list.last?.offset).toBe(BigInt(left.at(-1)!));
});
