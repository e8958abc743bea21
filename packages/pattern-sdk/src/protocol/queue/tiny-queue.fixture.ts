import type { ClientCall, GrpcError } from "@prism-data/transport";
import type { CallContext } from "../../call-context.js";
import type { GatewayError } from "../../errors.js";
import { type RunningTiny, runTinyPlugin } from "../../host/plugin.fixture.js";
import type { BatchResult } from "../../patterns/batch-result.js";
import {
  type Queue,
  type QueueDelivery,
  queueOptions,
  type ReceiveRequest,
  type Rejection,
} from "../../patterns/queue/index.js";
import * as wire from "../gen/prism/queue/v1/queue.js";
import { encodeMessage } from "../message.js";
import { gatewayErrorOf } from "../status.js";
import { wireDurability } from "../wire-durability.js";

const service = "/prism.queue.v1.QueueService";

/** A queue that hands out what a test gives it, and remembers what it was asked: as little as the adapter's own tests need. */
export class TinyQueue implements Queue {
  readonly receives: ReceiveRequest[] = [];
  readonly acknowledged: string[] = [];
  readonly rejected: (Rejection & { readonly ids: readonly string[] })[] = [];
  readonly released: { readonly ids: readonly string[]; readonly counts: boolean }[] = [];
  readonly extended: { readonly ids: readonly string[]; readonly leaseMs: number }[] = [];
  /** Whether a receive that waits ends with its signal. */
  heedsSignal = true;
  /** The signal of the last `receive`. */
  lastSignal: AbortSignal | undefined;
  /** What `receive` throws from now on. */
  failure: unknown;
  /** What `acknowledge` answers instead of one result for each. */
  results: readonly BatchResult<void>[] | undefined;
  #offered: QueueDelivery[] = [];
  #news = Promise.withResolvers<void>();

  /** Makes deliveries ready, all of which one receive gets, whatever it asks for. */
  offer(...deliveries: readonly QueueDelivery[]): void {
    this.#offered.push(...deliveries);
    this.wake();
  }

  /** Lets a receive that waits look again. */
  wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  async receive(request: ReceiveRequest, { signal }: CallContext): Promise<readonly QueueDelivery[]> {
    this.receives.push(request);
    this.lastSignal = signal;
    const aborted = Promise.withResolvers<void>();
    if (this.heedsSignal) signal.addEventListener("abort", () => aborted.resolve());
    while (this.#offered.length === 0 && this.failure === undefined) {
      if (request.waitMs === 0 || (this.heedsSignal && signal.aborted)) return [];
      await Promise.race([this.#news.promise, aborted.promise]);
    }
    if (this.failure !== undefined) throw this.failure;
    return this.#offered.splice(0);
  }

  send = () => [];

  acknowledge(ids: readonly string[]) {
    this.acknowledged.push(...ids);
    return this.results ?? ids.map(done);
  }

  reject(ids: readonly string[], rejection: Rejection) {
    this.rejected.push({ ids, ...rejection });
    return ids.map(done);
  }

  release(ids: readonly string[], counts: boolean) {
    this.released.push({ ids, counts });
  }

  extend(ids: readonly string[], leaseMs: number) {
    this.extended.push({ ids, leaseMs });
    return ids.map(() => ({ ok: true as const, result: 1_700_000_000_000 }));
  }

  describe = () => ({ ready: 0, leased: 0, delayed: 0, dead: 0 });
}

function done(): BatchResult<void> {
  return { ok: true, result: undefined };
}

/** A delivery with a payload of so many bytes. */
export function deliveryOf(deliveryId: string, sizeBytes = 1): QueueDelivery {
  const message = { id: "", key: "", headers: [], contentType: "", payload: new Uint8Array(sizeBytes) };
  return { deliveryId, message, sentAtMs: 1_700_000_000_000, deliveryCount: 1, leaseExpiresAtMs: 1_700_000_030_000 };
}

/** A plugin on one tiny queue, under the namespace "q". */
export interface RunningQueue extends AsyncDisposable {
  readonly tiny: RunningTiny;
  readonly queue: TinyQueue;
  bind(options?: Readonly<Record<string, unknown>>): Promise<void>;
  unary(method: string, request: Uint8Array): Promise<Uint8Array>;
  consume(start?: Partial<wire.Start>): TestConsumer;
}

export async function runTinyQueue(): Promise<RunningQueue> {
  const queue = new TinyQueue();
  const tiny = await runTinyPlugin({
    patterns: { queue: { capabilities: [], options: queueOptions } },
    open: () => ({ queue: { bind: () => ({ pattern: queue }), deleteData: () => [] } }),
  });
  await tiny.serve([]);
  const bind = async (options: Readonly<Record<string, unknown>> = {}) => {
    const request = {
      namespace: "q",
      pattern: "queue",
      needs: [],
      needsGiven: false,
      planOnly: false,
      durability: wireDurability(undefined),
      sizeLimits: undefined,
    };
    await tiny.contract.bind({ ...request, options: { ...options } });
  };
  await bind();
  const consumers: TestConsumer[] = [];
  return {
    tiny,
    queue,
    bind,
    unary: (method, request) => tiny.client.unary(`${service}/${method}`, request),
    consume(start) {
      const consumer = new TestConsumer(tiny.client.stream(`${service}/Consume`), start);
      consumers.push(consumer);
      return consumer;
    },
    async [Symbol.asyncDispose]() {
      for (const { call } of consumers) call.cancel();
      await tiny[Symbol.asyncDispose]();
    },
  };
}

/** One Consume call from the app's side. */
export class TestConsumer {
  readonly call: ClientCall;
  readonly #events: AsyncIterator<Uint8Array>;

  constructor(call: ClientCall, start: Partial<wire.Start> = {}) {
    this.call = call;
    this.#events = call.messages()[Symbol.asyncIterator]();
    const value = { maxOutstandingMessages: 0, maxOutstandingBytes: 0n, lease: undefined, ...start };
    this.say({ $case: "start", value });
  }

  say(action: wire.ConsumeRequest["action"]): void {
    this.call.write(encodeMessage(wire.ConsumeRequest, { namespace: "q", action }));
  }

  /** The wire ids of the next deliveries. */
  async deliveries(): Promise<string[]> {
    const event = await this.next();
    if (event?.$case !== "deliveries") throw new Error(`deliveries were expected, and not ${event?.$case}`);
    return event.value.deliveries.map(({ deliveryId }) => deliveryId);
  }

  async next(): Promise<wire.ConsumeResponse["event"]> {
    const { value, done: ended } = await this.#events.next();
    return ended ? undefined : wire.ConsumeResponse.decode(value).event;
  }

  async acknowledge(...deliveryIds: string[]): Promise<void> {
    this.say({ $case: "acknowledge", value: { namespace: "", deliveryIds } });
    const event = await this.next();
    if (event?.$case !== "acknowledged") throw new Error(`an answer was expected, and not ${event?.$case}`);
  }

  /** What ended the call; `undefined`: it ended well. Deliveries before it are skipped. */
  async end(): Promise<GatewayError | undefined> {
    try {
      while ((await this.next()) !== undefined);
      return undefined;
    } catch (error) {
      return gatewayErrorOf(error as GrpcError);
    }
  }
}
