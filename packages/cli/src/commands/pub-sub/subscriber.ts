import type { pubsub } from "@prism-data/pattern-sdk/protocol";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { deliveryJson, orderingJson } from "../../message-json.js";
import type { OpenCall } from "../../open-call.js";
import { deliveryLine } from "./delivery-line.js";

/** What a subscriber is asked for. */
export interface SubscriberOptions {
  readonly acknowledge?: boolean;
  readonly count?: number;
  readonly json?: boolean;
}

type Call = OpenCall<pubsub.SubscribeRequest, pubsub.SubscribeResponse>;

/** Prints what a subscription tells, acknowledges what it has printed where that is wanted, and leaves in good order. */
export class Subscriber {
  readonly #call: Call;
  readonly #options: SubscriberOptions;
  readonly #context: CommandContext;
  #remaining: number;
  #isLeaving = false;

  constructor(call: Call, options: SubscriberOptions, context: CommandContext) {
    this.#call = call;
    this.#options = options;
    this.#context = context;
    this.#remaining = options.count ?? Number.POSITIVE_INFINITY;
  }

  async run(): Promise<void> {
    const { interrupted } = this.#context;
    const leave = () => this.#leave();
    interrupted.addEventListener("abort", leave, { once: true });
    try {
      if (interrupted.aborted) leave();
      for await (const { event } of this.#call.answers()) {
        if (this.#isLeaving) continue;
        if (event?.$case === "started") await this.#tellStart(event.value);
        if (event?.$case === "lost") await this.#tellLoss(event.value);
        if (event?.$case === "deliveries") await this.#take(event.value.deliveries);
      }
    } catch (error) {
      if (!this.#isLeaving || this.#options.acknowledge) throw error;
    } finally {
      interrupted.removeEventListener("abort", leave);
    }
  }

  /** With acknowledgements the call ends when those that were sent are done; without, there is nothing to wait for. */
  #leave(): void {
    this.#isLeaving = true;
    if (this.#options.acknowledge) this.#call.end();
    else this.#call[Symbol.dispose]();
  }

  async #tellStart({ delivery, ordering }: pubsub.Started): Promise<void> {
    const { stdout, stderr } = this.#context;
    if (!this.#options.json) return stderr.write("subscribed; Ctrl-C ends it\n");
    await stdout.write(jsonLine({ started: { delivery: deliveryJson(delivery), ordering: orderingJson(ordering) } }));
  }

  async #tellLoss({ messages }: pubsub.Lost): Promise<void> {
    const { stdout, stderr } = this.#context;
    if (this.#options.json) return stdout.write(jsonLine({ lost: { messages: String(messages) } }));
    await stderr.write(`${messages} messages were lost here: they came faster than they were read\n`);
  }

  async #take(deliveries: readonly pubsub.Delivery[]): Promise<void> {
    const { json = false, acknowledge } = this.#options;
    for (const delivery of deliveries) {
      await this.#context.stdout.write(deliveryLine(delivery, json));
      const value = { deliveryIds: [delivery.deliveryId] };
      if (acknowledge) await this.#call.send({ namespace: "", action: { $case: "acknowledge", value } });
      this.#remaining--;
      if (this.#remaining === 0 && !this.#isLeaving) this.#leave();
      if (this.#isLeaving) return;
    }
  }
}
