import { eventually } from "../../acceptance/eventually.ts";
import { GrpcClient } from "../../acceptance/grpc-client.ts";
import { type Delivery, QueueClient } from "../../acceptance/queue-client.ts";
import { sinceCrash } from "../history.ts";
import { Lane, noDeadline } from "../lane.ts";
import type { Load, LoadOptions } from "../load.ts";
import { keepTalking, type TalkOptions } from "../talk.ts";
import type { Verdict } from "../verdict.ts";
import { checkLeases, type Lease, type Sending } from "./leases.ts";

/** Long enough for a worker that is not interrupted, short enough to see some end. */
const leaseS = 2;

/** What a worker does with every so many of its messages: it gives one back, and forgets another. */
const rejectedEvery = 11;
const forgottenEvery = 17;

/** Leases that were forgotten end, and what is delivered again is handled. */
const emptyWithinMs = 60_000;

const failedPrecondition = 9;

/** A lease whose fate is still open. */
type OpenLease = { -readonly [Field in keyof Lease]: Lease[Field] };

interface ConsumeAnswer {
  readonly deliveries?: { readonly deliveries: readonly Delivery[] };
  readonly acknowledged?: { readonly statuses: readonly { readonly code: number }[] };
}

/** Senders, workers that ask for messages, and a worker that listens. */
export async function startQueueLoad({ address, namespace }: LoadOptions): Promise<Load> {
  return new QueueLoad(address, namespace);
}

class QueueLoad implements Load {
  readonly lanes: readonly Lane[];
  readonly #namespace: string;
  readonly #sendings: Sending[] = [];
  readonly #leases: OpenLease[] = [];
  readonly #sent = new AbortController();
  readonly #handled = new AbortController();
  readonly #clients: readonly QueueClient[];
  readonly #listener: GrpcClient;
  readonly #senders: Promise<unknown>;
  readonly #workers: Promise<unknown>;

  constructor(address: string, namespace: string) {
    this.#namespace = namespace;
    const names = ["sender", "sender", "asking worker", "asking worker", "listening worker"];
    this.lanes = names.map((name, process) => new Lane(name, process));
    this.#clients = this.lanes.map(() => new QueueClient(address, namespace));
    this.#listener = new GrpcClient(address, "prism.queue.v1.QueueService");
    const [one, other, asking, otherAsking, listening] = this.lanes as [Lane, Lane, Lane, Lane, Lane];
    this.#senders = Promise.all([this.#send(one), this.#send(other)]);
    this.#workers = Promise.all([this.#ask(asking), this.#ask(otherAsking), this.#listen(listening)]);
  }

  async finish(owedSinceMs: number): Promise<Verdict> {
    this.#sent.abort();
    await this.#senders;
    const [client] = this.#clients;
    await eventually("the queue is empty", emptyWithinMs, async () => {
      const { ready, leased, delayed } = await client!.describe();
      return ready + leased + delayed === 0;
    });
    const { dead } = await client!.describe();
    this.#handled.abort();
    await this.#workers;
    const verdict = checkLeases(sinceCrash(this.#sendings, owedSinceMs), this.#leases);
    if (dead === 0) return verdict;
    return { ...verdict, wrong: [...verdict.wrong, { atMs: 0, what: `${dead} messages became dead letters` }] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sent.abort();
    this.#handled.abort();
    await Promise.all([this.#senders, this.#workers]);
    this.#listener[Symbol.dispose]();
    for (const client of this.#clients) client[Symbol.dispose]();
  }

  async #send(lane: Lane): Promise<void> {
    let count = 0;
    const client = this.#clients[lane.process]!;
    await lane.repeat(this.#sent.signal, async () => {
      const texts = [0, 1].map(() => `${lane.process}-${count++}`);
      const entries = texts.map((text) => ({ message: { payload: Buffer.from(text) } }));
      const sending = await lane.call(texts, async () => {
        const { outcomes } = await client.call<{ outcomes: { sent?: object }[] }>("Send", { entries }, noDeadline);
        return texts.filter((_, index) => outcomes[index]?.sent !== undefined);
      });
      this.#sendings.push(sending);
      return sending.ending.kind === "done";
    });
  }

  async #ask(lane: Lane): Promise<void> {
    const client = this.#clients[lane.process]!;
    let taken = 0;
    await lane.repeat(this.#handled.signal, async () => {
      const request = { maxMessages: 5, lease: { seconds: leaseS }, wait: { seconds: 1 } };
      const { ending } = await lane.call(request, () => client.receive(request, noDeadline));
      if (ending.kind !== "done") return false;
      for (const delivery of ending.output) {
        const lease = this.#take(lane, delivery);
        taken += 1;
        if (taken % forgottenEvery === 0) continue;
        await (taken % rejectedEvery === 0
          ? reject(lane, client, delivery, lease)
          : acknowledge(lane, client, delivery, lease));
      }
      return true;
    });
  }

  #listen(lane: Lane): Promise<void> {
    return keepTalking(lane, this.#handled.signal, () => this.#listening(lane));
  }

  #listening(lane: Lane): TalkOptions<ConsumeAnswer> {
    const waiting: OpenLease[] = [];
    return {
      client: this.#listener,
      method: "Consume",
      opening: { namespace: this.#namespace, start: { maxOutstandingMessages: 20, lease: { seconds: leaseS } } },
      hear: ({ deliveries, acknowledged }, talk) => {
        for (const delivery of deliveries?.deliveries ?? []) {
          const lease = this.#take(lane, delivery);
          lane.succeed();
          if (!talk.say({ acknowledge: { deliveryIds: [delivery.deliveryId] } })) continue;
          giveUp(lease, "unknown");
          waiting.push(lease);
        }
        for (const { code } of acknowledged?.statuses ?? []) settle(waiting.shift()!, code);
      },
      ended: ({ heardMs }) => {
        for (const lease of waiting) lease.endMs = Math.min(lease.endMs, heardMs);
      },
    };
  }

  #take(lane: Lane, { message, leaseExpireTime: { seconds, nanos } }: Delivery): OpenLease {
    const endMs = seconds * 1_000 + nanos / 1e6;
    const lease = { message: message.payload.toString(), worker: lane.process, startMs: endMs - leaseS * 1_000, endMs };
    this.#leases.push(lease);
    return lease;
  }
}

async function acknowledge(lane: Lane, client: QueueClient, { deliveryId }: Delivery, lease: OpenLease): Promise<void> {
  giveUp(lease, "unknown");
  const { ending } = await lane.call({ deliveryId }, () => acknowledgeOne(client, deliveryId));
  if (ending.kind === "done") settle(lease, ending.output);
}

async function reject(lane: Lane, client: QueueClient, { deliveryId }: Delivery, lease: OpenLease): Promise<void> {
  giveUp(lease);
  await lane.call({ deliveryId }, () => client.call("Reject", { deliveryIds: [deliveryId] }, noDeadline));
}

/** The code of what became of it. */
async function acknowledgeOne(client: QueueClient, deliveryId: string): Promise<number> {
  const request = { deliveryIds: [deliveryId] };
  const { statuses } = await client.call<{ statuses: { code: number }[] }>("Acknowledge", request, noDeadline);
  return statuses[0]!.code;
}

/** From now on the lease may be over. */
function giveUp(lease: OpenLease, acknowledgement?: "unknown"): void {
  lease.endMs = Math.min(lease.endMs, Date.now());
  if (acknowledgement !== undefined) lease.acknowledgement = acknowledgement;
}

function settle(lease: OpenLease, code: number): void {
  if (code === 0) lease.acknowledgement = "done";
  if (code === failedPrecondition) lease.acknowledgement = "lost";
}
