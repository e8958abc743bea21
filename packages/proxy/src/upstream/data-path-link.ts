import type { FromDataPath, MessagePortLike, PluginEndpoint, ToDataPath } from "../messages.js";

/** What an instance of a plugin is to the data path. */
export interface InstanceAddress {
  readonly backend: string;
  readonly instance: number;
}

type AnswerType = "instance-connected" | "instance-idle";

/** Supervision's end of the channel to the data path: sends, and waits for answers. */
export class DataPathLink {
  readonly #port: MessagePortLike<FromDataPath, ToDataPath>;
  readonly #waiting = new Map<string, () => void>();
  /** Then nothing has calls any more, and nobody answers. */
  #isDrained = false;
  readonly #drained = Promise.withResolvers<{ completed: number; aborted: number }>();

  constructor(port: MessagePortLike<FromDataPath, ToDataPath>) {
    this.#port = port;
    port.onmessage = ({ data }) => this.#receive(data);
  }

  send(message: ToDataPath): void {
    this.#port.postMessage(message);
  }

  /** Hands an instance over; resolves when new calls go there. */
  async connect(address: InstanceAddress, at: PluginEndpoint, timeoutMs: number) {
    const connected = this.#answered("instance-connected", address, timeoutMs);
    this.send({ type: "backend-ready", ...address, ...at });
    if (!(await connected)) throw new Error(`the data path did not connect to the plugin within ${timeoutMs} ms`);
  }

  /** Takes new calls away from an instance; resolves when it has none left, or after the grace. */
  async release(address: InstanceAddress, detail: string, graceMs: number): Promise<void> {
    if (this.#isDrained) return;
    const idle = this.#answered("instance-idle", address, graceMs);
    this.send({ type: "backend-gone", ...address, reason: "draining", detail });
    await idle;
  }

  /** Ends all calls; resolves when the data path is empty. */
  async drain(graceMs: number): Promise<{ completed: number; aborted: number }> {
    this.send({ type: "drain", graceMs });
    return await this.#drained.promise;
  }

  #receive(message: FromDataPath): void {
    if (message.type === "drained") {
      this.#isDrained = true;
      this.#drained.resolve({ completed: message.completed, aborted: message.aborted });
    } else {
      this.#waiting.get(keyOf(message.type, message))?.();
    }
  }

  /** Whether the answer arrives within the time. */
  async #answered(type: AnswerType, address: InstanceAddress, timeoutMs: number): Promise<boolean> {
    const key = keyOf(type, address);
    const answer = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => answer.resolve(false), timeoutMs);
    this.#waiting.set(key, () => answer.resolve(true));
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(key);
    }
  }
}

function keyOf(type: AnswerType, { backend, instance }: InstanceAddress): string {
  return `${type} ${instance} ${backend}`;
}
