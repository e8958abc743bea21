import { describe, expect, test } from "vitest";
import type { Payload } from "./output.js";
import { SendQueue } from "./send-queue.js";
import { slabBytes } from "./slab-pool.js";

function takeAll(queue: SendQueue, pieceBytes: number): Buffer {
  const taken: Buffer[] = [];
  while (queue.sizeBytes > 0) {
    queue.take(Math.min(pieceBytes, queue.sizeBytes), ({ bytes, start, end }) => {
      taken.push(Buffer.from(bytes.subarray(start, end)));
    });
  }
  return Buffer.concat(taken);
}

const bytesOf = (sizeBytes: number, first: number) =>
  Buffer.from(Array.from({ length: sizeBytes }, (_, at) => (first + at * 31) & 0xff));

describe("the bytes that wait", () => {
  test.each([
    ["nothing", []],
    ["a few bytes", [3]],
    ["many small chunks", Array.from({ length: 300 }, (_, at) => at)],
    ["a chunk that fills a slab", [slabBytes]],
    ["chunks that fill slabs unevenly", [slabBytes - 1, 20_000, 2, slabBytes + 5, 17_000, 100, 30_000]],
    ["more than several slabs at once", [5 * slabBytes + 1, 1]],
  ])("come out in order, kept or copied: %s", (_, sizes) => {
    const queue = new SendQueue();
    const chunks = sizes.map((sizeBytes, index) => bytesOf(sizeBytes, index));
    for (const [index, chunk] of chunks.entries()) {
      const lent = Buffer.from(chunk);
      if (index % 3 === 0) queue.add(chunk, 0);
      else queue.addCopy(lent, 0);
      lent.fill(0xee);
    }
    expect(queue.sizeBytes).toBe(sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0));
    expect(takeAll(queue, 10_000).equals(Buffer.concat(chunks))).toBe(true);
  });

  test("begin where the first part of a chunk was sent already", () => {
    const queue = new SendQueue();
    queue.add(Buffer.from("abcdef"), 2);
    queue.addCopy(Buffer.from("ghijkl"), 3);
    expect(String(takeAll(queue, 4))).toBe("cdefjkl");
  });

  test("of one stream are not those of another that uses the same memory after it", () => {
    const [first, second] = [new SendQueue(), new SendQueue()];
    first.addCopy(bytesOf(slabBytes, 1), 0);
    first.drop();
    expect(first.sizeBytes).toBe(0);
    second.addCopy(bytesOf(slabBytes, 2), 0);
    first.addCopy(bytesOf(slabBytes, 3), 0);
    expect(takeAll(second, 1000).equals(bytesOf(slabBytes, 2))).toBe(true);
    expect(takeAll(first, 1000).equals(bytesOf(slabBytes, 3))).toBe(true);
  });

  test("that were taken stay as they are until whoever took the last of them returns their memory", () => {
    const queue = new SendQueue();
    queue.addCopy(bytesOf(slabBytes, 1), 0);
    const taken: Payload[] = [];
    queue.take(1000, (payload) => taken.push(payload));
    queue.drop();
    const other = new SendQueue();
    other.addCopy(bytesOf(slabBytes, 2), 0);
    const [{ bytes, start, end, emptiedSlab }] = taken as [Payload];
    expect(bytesOf(slabBytes, 1).subarray(0, 1000).equals(bytes.subarray(start, end))).toBe(true);
    expect(emptiedSlab).toBeUndefined();
    other.take(slabBytes, (payload) => taken.push(payload));
    expect(taken[1]?.emptiedSlab).toBe(taken[1]?.bytes);
  });
});
