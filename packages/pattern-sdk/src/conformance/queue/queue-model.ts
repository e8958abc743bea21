/** A message of the model. */
interface ModelMessage {
  readonly id: string;
  readonly text: string;
  count: number;
  cause: string;
  state: "ready" | "leased" | "dead";
}

/**
 * A queue as plain as can be: what every queue must answer as, as long as no lease and no delay ends. Which of the ready messages
 * come is the queue's choice; the model is told, and checks.
 */
export class QueueModel {
  readonly maxDeliveries: number;
  readonly #messages = new Map<string, ModelMessage>();
  readonly #leases = new Map<string, ModelMessage>();
  /** Every delivery id that was ever given out. */
  readonly deliveryIds: string[] = [];

  constructor(maxDeliveries: number) {
    this.maxDeliveries = maxDeliveries;
  }

  send(id: string, text: string): void {
    this.#messages.set(id, { id, text, count: 0, cause: "", state: "ready" });
  }

  /** Says what is wrong with a delivery; `undefined`: nothing. */
  receive(delivery: {
    readonly id: string;
    readonly messageId: string;
    readonly text: string;
    readonly count: number;
  }): string | undefined {
    const message = this.#messages.get(delivery.messageId);
    if (message === undefined) return `message ${delivery.messageId} is not there`;
    if (message.state !== "ready") return `message ${message.id} is ${message.state}`;
    if (message.text !== delivery.text) return `message ${message.id} says ${delivery.text}, and not ${message.text}`;
    message.count++;
    if (message.count !== delivery.count) return `message ${message.id} was delivered ${message.count} times`;
    if (this.deliveryIds.includes(delivery.id)) return `the delivery id ${delivery.id} comes twice`;
    message.state = "leased";
    this.#leases.set(delivery.id, message);
    this.deliveryIds.push(delivery.id);
    return undefined;
  }

  /** Whether the delivery was its worker's. */
  acknowledge(deliveryId: string): boolean {
    const message = this.#settle(deliveryId);
    if (message !== undefined) this.#messages.delete(message.id);
    return message !== undefined;
  }

  reject(deliveryId: string, cause: string): boolean {
    const message = this.#settle(deliveryId);
    if (message === undefined) return false;
    message.cause = cause;
    message.state = message.count >= this.maxDeliveries ? "dead" : "ready";
    return true;
  }

  extend(deliveryId: string): boolean {
    return this.#leases.has(deliveryId);
  }

  redrive(ids: readonly string[]): number {
    const dead = [...this.#messages.values()].filter(({ id, state }) => state === "dead" && ids.includes(id));
    for (const message of dead) Object.assign(message, { state: "ready", count: 0, cause: "" });
    return dead.length;
  }

  get contents() {
    const counts = { ready: 0, leased: 0, delayed: 0, dead: 0 };
    for (const { state } of this.#messages.values()) counts[state]++;
    return counts;
  }

  /** The dead letters as `id cause count`, in no order. */
  get deadLetters(): string[] {
    const dead = [...this.#messages.values()].filter(({ state }) => state === "dead");
    return dead.map(({ id, cause, count }) => `${id} ${cause} ${count}`).sort();
  }

  #settle(deliveryId: string): ModelMessage | undefined {
    const message = this.#leases.get(deliveryId);
    this.#leases.delete(deliveryId);
    return message;
  }
}
