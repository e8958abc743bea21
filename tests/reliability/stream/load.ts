import { eventually } from "../../acceptance/eventually.ts";
import { GrpcClient } from "../../acceptance/grpc-client.ts";
import { StreamClient, type StreamRecord, textOf } from "../../acceptance/stream-client.ts";
import { nowMs, sinceCrash } from "../history.ts";
import { Lane, noDeadline } from "../lane.ts";
import type { Load, LoadOptions } from "../load.ts";
import { keepTalking, type TalkOptions } from "../talk.ts";
import type { Verdict } from "../verdict.ts";
import { type Appending, checkLog, type Placed, type Session } from "./log.ts";

const group = "readers";

/** Partitions may have to wait for the session of a member that was lost. */
const caughtUpWithinMs = 60_000;

interface AppendAnswer {
  readonly outcomes: readonly { readonly position?: Omit<Placed, "text"> }[];
}

interface ConsumeAnswer {
  readonly records?: { readonly records: readonly StreamRecord[] };
  readonly committed?: { readonly positions: readonly { readonly partition: number; readonly offset: number }[] };
}

/** A session that goes on. */
interface OpenSession extends Session {
  readonly delivered: (Placed & { readonly atMs: number })[];
  readonly committed: { readonly partition: number; readonly offset: number; readonly atMs: number }[];
}

/** Producers, and a group that commits what it is given. */
export async function startStreamLoad({ address, namespace, traits }: LoadOptions): Promise<Load> {
  return new StreamLoad(address, namespace, traits.partitions ?? 1);
}

class StreamLoad implements Load {
  readonly lanes: readonly Lane[];
  readonly #namespace: string;
  readonly #appendings: Appending[] = [];
  readonly #sessions: OpenSession[] = [];
  readonly #appended = new AbortController();
  readonly #read = new AbortController();
  readonly #clients: readonly StreamClient[];
  readonly #listeners: readonly GrpcClient[];
  readonly #producers: Promise<unknown>;
  readonly #members: Promise<unknown>;

  constructor(address: string, namespace: string, partitions: number) {
    this.#namespace = namespace;
    const producers = [0, 1].map((process) => new Lane("producer", process));
    const members = Array.from({ length: Math.min(2, partitions) }, (_, index) => new Lane("member", 2 + index));
    this.lanes = [...producers, ...members];
    this.#clients = producers.map(() => new StreamClient(address, namespace));
    this.#listeners = members.map(() => new GrpcClient(address, "prism.stream.v1.StreamService"));
    this.#producers = Promise.all(producers.map((lane, index) => this.#append(lane, this.#clients[index]!)));
    this.#members = Promise.all(
      members.map((lane, index) =>
        keepTalking(lane, this.#read.signal, () => this.#listening(lane, this.#listeners[index]!)),
      ),
    );
  }

  async finish(owedSinceMs: number): Promise<Verdict> {
    this.#appended.abort();
    await this.#producers;
    const [client] = this.#clients;
    await eventually("the group has come to the end", caughtUpWithinMs, async () =>
      (await client!.describe(group)).every(({ lag }) => Number(lag) === 0),
    );
    this.#read.abort();
    await this.#members;
    const reading = client!.read();
    await reading.ended;
    return checkLog({
      appendings: sinceCrash(this.#appendings, owedSinceMs),
      sessions: this.#sessions.filter(({ joinMs }) => joinMs >= owedSinceMs),
      log: reading.records.map(placed),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#appended.abort();
    this.#read.abort();
    await Promise.all([this.#producers, this.#members]);
    for (const client of [...this.#clients, ...this.#listeners]) client[Symbol.dispose]();
  }

  async #append(lane: Lane, client: StreamClient): Promise<void> {
    let count = 0;
    await lane.repeat(this.#appended.signal, async () => {
      const texts = [0, 1].map(() => `${lane.process}-${count++}`);
      const records = texts.map((text) => ({ key: `${count % 16}`, payload: Buffer.from(text) }));
      const appending = await lane.call(texts, async () => {
        const { outcomes } = await client.call<AppendAnswer>("Append", { records }, noDeadline);
        return outcomes.flatMap(({ position }, index) => (position ? [{ ...position, text: texts[index]! }] : []));
      });
      this.#appendings.push(appending);
      return appending.ending.kind === "done";
    });
  }

  #listening(lane: Lane, client: GrpcClient): TalkOptions<ConsumeAnswer> {
    const session: OpenSession = { joinMs: nowMs(), delivered: [], committed: [] };
    this.#sessions.push(session);
    return {
      client,
      method: "Consume",
      opening: { namespace: this.#namespace, join: { group } },
      hear: ({ records, committed }, talk) => {
        const atMs = nowMs();
        for (const position of committed?.positions ?? []) session.committed.push({ ...position, atMs });
        if (records === undefined) return;
        lane.succeed();
        session.delivered.push(...records.records.map((record) => ({ ...placed(record), atMs })));
        const lastOf = new Map(records.records.map(({ partition, offset }) => [partition, { partition, offset }]));
        talk.say({ commit: { positions: [...lastOf.values()] } });
      },
    };
  }
}

function placed(record: StreamRecord): Placed {
  return { partition: record.partition, offset: record.offset, text: textOf(record) };
}
