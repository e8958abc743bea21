import { beforeEach, expect, test } from "vitest";
import { AnswerBacklog, UnreadBytes } from "./answer-backlog.js";
import { connectionBacklogBytesMax } from "./limits.js";

const unreadMax = 10 * connectionBacklogBytesMax;

let unread: UnreadBytes;
let buffered: number;
let backlog: AnswerBacklog;
beforeEach(() => {
  unread = new UnreadBytes(unreadMax);
  buffered = 0;
  backlog = new AnswerBacklog(unread, () => buffered);
});

/** Fills all that apps together may leave unread, as another app. */
function fillOthers(): void {
  new AnswerBacklog(unread, () => unreadMax + 1).measure();
}

test.each([
  ["that has read everything", 0, false, true],
  ["that has read everything, while others do not read", 0, true, true],
  ["that reads, with some on the way", 1, false, true],
  ["that reads, with some on the way, while others do not read", 1, true, false],
  ["with as much on the way as it may have", connectionBacklogBytesMax, false, true],
  ["with more on the way than it may have", connectionBacklogBytesMax + 1, false, false],
])("for an app %s there is room: %4$s", (_, bufferedBytes, othersAreFull, hasRoom) => {
  buffered = bufferedBytes;
  if (othersAreFull) fillOthers();
  expect(backlog.hasRoom).toBe(hasRoom);
});

test("what plugins hold counts like what waits here", () => {
  backlog.owe(connectionBacklogBytesMax);
  expect(backlog.hasRoom).toBe(true);
  buffered = 1;
  expect(backlog.hasRoom).toBe(false);
  expect(unread.sizeBytes).toBe(connectionBacklogBytesMax + 1);
});

test("calls that are held back go on in order, as far as there is room for what each expects", () => {
  const released: number[] = [];
  const half = connectionBacklogBytesMax / 2;
  const holdBack = (call: number) =>
    backlog.holdBack({
      onRoom() {
        released.push(call);
        backlog.owe(half + 1);
      },
    });
  buffered = connectionBacklogBytesMax + 1;
  for (const call of [1, 2, 3, 4]) holdBack(call);
  backlog.onRead();
  expect(released).toEqual([]);
  buffered = 0;
  backlog.onRead();
  expect(released).toEqual([1, 2]);
  backlog.owe(-(half + 1));
  expect(released).toEqual([1, 2, 3]);
});

test("a call that is not held back any more does not go on", () => {
  const call = { onRoom: () => expect.unreachable() };
  backlog.holdBack(call);
  backlog.stopHoldingBack(call);
  backlog.onRead();
});

test("an app that is gone leaves nothing unread", () => {
  buffered = 5;
  backlog.owe(7);
  expect(unread.sizeBytes).toBe(12);
  buffered = 0;
  backlog.owe(-7);
  expect(unread.sizeBytes).toBe(0);
});
