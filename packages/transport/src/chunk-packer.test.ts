import { expect, test } from "vitest";
import { seededRandom } from "../testing/seeded-random.js";
import { ChunkPacker } from "./chunk-packer.js";

test.each([
  ["a byte each", () => 1, 10_000],
  ["a few bytes each", (random: number) => random % 40, 5_000],
  ["small and large ones in turns", (random: number) => (random % 3 === 0 ? 2_000 : 3), 1_000],
])("chunks of %s keep their order and become few", (_, sizeOf, count) => {
  const random = seededRandom(7);
  const given = Array.from({ length: count }, () => {
    return Buffer.alloc(sizeOf(random.below(1_000)), random.below(256));
  });
  const packer = new ChunkPacker();
  const held: Buffer[] = [];
  for (const chunk of given) packer.add(held, chunk);
  expect(Buffer.concat(held).equals(Buffer.concat(given))).toBe(true);
  const large = given.filter((chunk) => chunk.length >= 1_024).length;
  expect(held.length).toBeLessThan(2 * large + given.length / 50 + 16);
});

test("views that were taken before stay as they were", () => {
  const packer = new ChunkPacker();
  const held: Buffer[] = [];
  for (let at = 0; at < 20; at++) packer.add(held, Buffer.from([at]));
  const before = held.at(-1)!;
  const copy = Buffer.from(before);
  for (let at = 20; at < 5_000; at++) packer.add(held, Buffer.from([at]));
  expect(before.equals(copy)).toBe(true);
});

test("a list that was emptied meanwhile is not continued where it ended", () => {
  const packer = new ChunkPacker();
  for (let at = 0; at < 20; at++) packer.add([], Buffer.from([at]));
  const held = Array.from({ length: 9 }, () => Buffer.from("loose"));
  packer.add(held, Buffer.from("packed"));
  expect(held.at(-1)).toEqual(Buffer.from("packed"));
});
