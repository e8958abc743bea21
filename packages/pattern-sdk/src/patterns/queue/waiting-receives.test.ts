import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { WaitingReceives } from "./waiting-receives.js";

interface Request {
  readonly waitMs: number;
  readonly messagesMax: number;
}

const { signal } = new AbortController();

/** A queue whose takes end when they are told to. */
function slowQueue() {
  const takes: ((deliveries: readonly string[]) => void)[] = [];
  const givenBack: string[] = [];
  const receives = new WaitingReceives<Request, string>({
    take: () => new Promise((resolve) => takes.push(resolve)),
    nextDueInMs: () => undefined,
    giveBack: async (deliveries) => void givenBack.push(...deliveries),
    onReady: () => () => {},
  });
  return { takes, givenBack, receives };
}

/** One who has gone when its take ends, and the take. */
async function lateTake({ receives, takes }: ReturnType<typeof slowQueue>) {
  const late = receives.receive({ waitMs: 1, messagesMax: 5 }, signal);
  await vi.waitFor(() => expect(takes).toHaveLength(1));
  expect(await late).toEqual([]);
  return takes[0]!;
}

test("what comes too late for one goes to the next who waits for the same", async () => {
  const queue = slowQueue();
  const take = await lateTake(queue);
  const next = queue.receives.receive({ waitMs: 60_000, messagesMax: 5 }, signal);
  await nextTurn();
  take(["a"]);
  expect(await next).toEqual(["a"]);
  expect(queue.givenBack).toEqual([]);
});

test("what comes too late for one goes back when nobody waits for the same", async () => {
  const queue = slowQueue();
  const take = await lateTake(queue);
  const next = queue.receives.receive({ waitMs: 60_000, messagesMax: 1 }, signal);
  await nextTurn();
  take(["a"]);
  await vi.waitFor(() => expect(queue.takes).toHaveLength(2));
  expect(queue.givenBack).toEqual(["a"]);
  queue.takes[1]!(["a"]);
  expect(await next).toEqual(["a"]);
});
