import { type GetAnswer, KeyValueClient } from "../../acceptance/key-value-client.ts";
import { sinceCrash } from "../history.ts";
import { Lane, noDeadline } from "../lane.ts";
import type { Load, LoadOptions } from "../load.ts";
import type { Verdict } from "../verdict.ts";
import { checkRegisters, type RegisterStep } from "./registers.ts";

/** Enough for swaps to meet each other. */
const lanesCount = 4;

/** A history of so many calls is judged in milliseconds. */
const callsPerKey = 150;

const plan = ["read", "swap", "read", "write", "swap", "read", "swap", "remove"] as const;

/** What an app last saw under a key. */
interface Seen {
  readonly key: string;
  readonly value: string;
  readonly etag: string;
}

/** Apps that read, write, swap and remove the same key at the same time; one key after another. */
export async function startKeyValueLoad({ address, namespace }: LoadOptions): Promise<Load> {
  return new KeyValueLoad(address, namespace);
}

class KeyValueLoad implements Load {
  readonly lanes: readonly Lane[];
  readonly #steps: RegisterStep[] = [];
  readonly #stop = new AbortController();
  readonly #clients: readonly KeyValueClient[];
  readonly #done: Promise<unknown>;
  #calls = 0;

  constructor(address: string, namespace: string) {
    this.lanes = Array.from({ length: lanesCount }, (_, process) => new Lane(`app ${process}`, process));
    this.#clients = this.lanes.map(() => new KeyValueClient(address, namespace));
    this.#done = Promise.all(this.lanes.map((lane, index) => this.#run(lane, this.#clients[index]!)));
  }

  async finish(owedSinceMs: number): Promise<Verdict> {
    this.#stop.abort();
    await this.#done;
    const steps = sinceCrash(
      this.#steps.filter(({ endMs }) => endMs >= owedSinceMs),
      owedSinceMs,
    );
    const reader = new App(this.lanes[0]!, this.#clients[0]!);
    const keys = new Set(steps.map(({ input }) => input.key));
    for (const key of keys) steps.push(await reader.read(key));
    return await checkRegisters(steps);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
    for (const client of this.#clients) client[Symbol.dispose]();
  }

  async #run(lane: Lane, client: KeyValueClient): Promise<void> {
    const app = new App(lane, client);
    await lane.repeat(this.#stop.signal, async () => {
      const key = `register-${Math.floor(this.#calls++ / callsPerKey)}`;
      const step = await app.step(key);
      this.#steps.push(step);
      return step.ending.kind !== "unknown";
    });
  }
}

/** One app, which makes one call after another. */
class App {
  readonly #lane: Lane;
  readonly #client: KeyValueClient;
  #seen: Seen | undefined;
  #made = 0;
  /** After a write without an answer it reads until it gets one: what nobody knows is costly to judge. */
  #isInDoubt = false;

  constructor(lane: Lane, client: KeyValueClient) {
    this.#lane = lane;
    this.#client = client;
  }

  async step(key: string): Promise<RegisterStep> {
    const next = plan[(this.#made++ + this.#lane.process) % plan.length];
    const seen = this.#seen?.key === key ? this.#seen : undefined;
    const isBlind = next === "swap" && seen === undefined;
    if (next === "read" || isBlind || this.#isInDoubt) return await this.read(key);
    return await this.#write(
      key,
      next === "remove" ? "" : `${this.#lane.process}.${this.#made}`,
      next === "swap" ? seen : undefined,
    );
  }

  async read(key: string): Promise<RegisterStep> {
    let answer: GetAnswer | undefined;
    const step = await this.#lane.call({ kind: "read", key } as const, async () => {
      answer = await this.#client.get(key, noDeadline);
      return answer.value.toString();
    });
    if (answer !== undefined) {
      this.#seen = { key, value: answer.value.toString(), etag: answer.etag };
      this.#isInDoubt = false;
    }
    return step;
  }

  async #write(key: string, value: string, seen: Seen | undefined): Promise<RegisterStep> {
    const call = { kind: "write", key, value, ...(seen && { expected: seen.value }) } as const;
    let etag = "";
    const step = await this.#lane.call(call, async () => {
      if (value === "") await this.#client.call("Delete", { key }, noDeadline);
      else etag = (await this.#client.set(key, value, { ...conditionOf(seen), timeoutMs: noDeadline })).etag;
      return value;
    });
    this.#seen = step.ending.kind === "done" ? { key, value, etag } : undefined;
    this.#isInDoubt = step.ending.kind === "unknown";
    return step;
  }
}

/** Versions and values stand for each other, as no value is written twice. */
function conditionOf(seen: Seen | undefined): object {
  if (seen === undefined) return {};
  return seen.value === "" ? { ifAbsent: true } : { ifEtag: seen.etag };
}
