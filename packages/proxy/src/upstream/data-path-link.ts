import type { FromDataPath, MessagePortLike, PluginEndpoint, ToDataPath } from "../messages.js";

/** What an instance of a plugin is to the data path. */
export interface InstanceAddress {
  readonly backend: string;
  readonly instance: number;
}

type AnswerType = "instance-connected" | "instance-idle";

/** How the first try to bind each namespace of an instance goes. Neither rejects. */
export interface TriedNamespaces {
  /** Resolves when all were tried. */
  readonly all: Promise<void>;
  /** Resolves when this one was; it is wanted before others. */
  one(namespace: string): Promise<void>;
}

/** Supervision's end of the channel to the data path: sends, and waits for answers. */
export class DataPathLink {
  readonly #port: MessagePortLike<FromDataPath, ToDataPath>;
  readonly #waiting = new Map<string, () => void>();
  /** Of the instances that take calls while their namespaces are being bound. */
  readonly #bindings = new Map<string, TriedNamespaces>();
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

  /** Hands an instance over; resolves when new calls go there: to each namespace from when it was tried. */
  async connect(
    address: InstanceAddress & { readonly replica: number },
    { endpoint, tried }: { endpoint: PluginEndpoint; tried: TriedNamespaces },
    timeoutMs: number,
  ): Promise<void> {
    const connected = this.#answered("instance-connected", address, timeoutMs);
    this.send({ type: "backend-ready", ...address, ...endpoint });
    void this.#admit(address, tried);
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
    } else if (message.type === "namespace-awaited") {
      void this.#hasten(message);
    } else {
      this.#waiting.get(keyOf(message.type, message))?.();
    }
  }

  async #admit(address: InstanceAddress, tried: TriedNamespaces): Promise<void> {
    const key = keyOf("namespaces-tried", address);
    this.#bindings.set(key, tried);
    await tried.all;
    this.#bindings.delete(key);
    this.send({ type: "namespaces-tried", ...address });
  }

  async #hasten({ backend, instance, namespace }: FromDataPath & { type: "namespace-awaited" }): Promise<void> {
    await this.#bindings.get(keyOf("namespaces-tried", { backend, instance }))?.one(namespace);
    this.send({ type: "namespace-tried", backend, instance, namespace });
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

function keyOf(type: AnswerType | "namespaces-tried", { backend, instance }: InstanceAddress): string {
  return `${type} ${instance} ${backend}`;
}
