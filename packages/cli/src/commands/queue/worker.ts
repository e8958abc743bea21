import type { queue } from "@prism-data/pattern-sdk/protocol";
import type { CommandContext } from "../../invocation.js";
import type { OpenCall } from "../../open-call.js";
import { deliveryLine } from "./delivery-line.js";
import { tellLost } from "./settle.js";

/** Prints what a consumer gets, acknowledges what it has printed, and leaves in good order. */
export class Worker {
  readonly #call: OpenCall<queue.ConsumeRequest, queue.ConsumeResponse>;
  readonly #json: boolean;
  readonly #context: CommandContext;
  /** What was acknowledged and is not answered yet, in order. */
  readonly #unanswered: string[] = [];
  #remaining: number;
  #isLeaving = false;

  constructor(
    call: OpenCall<queue.ConsumeRequest, queue.ConsumeResponse>,
    { json = false, count = Number.POSITIVE_INFINITY }: { json?: boolean; count?: number },
    context: CommandContext,
  ) {
    this.#call = call;
    this.#json = json;
    this.#context = context;
    this.#remaining = count;
  }

  async run(): Promise<void> {
    const { interrupted } = this.#context;
    const leave = () => this.#leave();
    interrupted.addEventListener("abort", leave, { once: true });
    if (interrupted.aborted) leave();
    for await (const { event } of this.#call.answers()) {
      if (event?.$case === "deliveries") await this.#take(event.value.deliveries);
      if (event?.$case === "acknowledged") {
        const { statuses } = event.value;
        await tellLost(this.#unanswered.splice(0, statuses.length), event.value, this.#context);
      }
    }
    interrupted.removeEventListener("abort", leave);
  }

  /** The call ends when what was acknowledged is answered; what was not is given back. */
  #leave(): void {
    this.#isLeaving = true;
    this.#call.end();
  }

  async #take(deliveries: readonly queue.Delivery[]): Promise<void> {
    for (const delivery of deliveries) {
      if (this.#isLeaving) return;
      await this.#context.stdout.write(deliveryLine(delivery, this.#json));
      const { deliveryId } = delivery;
      this.#unanswered.push(deliveryId);
      const value = { namespace: "", deliveryIds: [deliveryId] };
      await this.#call.send({ namespace: "", action: { $case: "acknowledge", value } });
      this.#remaining--;
      if (this.#remaining === 0) this.#leave();
    }
  }
}
