import { answerBytesTarget, answerMessagesMax } from "./messaging-bounds.js";

/** Splits items into answers of a moderate size, in order; a larger item has one of its own. */
export function* answersOf<T>(items: readonly T[], sizeBytesOf: (item: T) => number): Generator<readonly T[]> {
  let start = 0;
  let sizeBytes = 0;
  for (const [index, item] of items.entries()) {
    const itemBytes = sizeBytesOf(item);
    const isFull = index - start === answerMessagesMax || sizeBytes + itemBytes > answerBytesTarget;
    if (isFull && index > start) {
      yield items.slice(start, index);
      start = index;
      sizeBytes = 0;
    }
    sizeBytes += itemBytes;
  }
  if (start < items.length) yield items.slice(start);
}
