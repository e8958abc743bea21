import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Stands between a client and a server, and can stop to carry anything without telling either. */
export class SilentNetwork implements AsyncDisposable {
  /** Where the server is. */
  to = { host: "127.0.0.1", port: 0 };
  /** Whether what is connected from now on is as silent as what was there. */
  isSilent = false;
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly ends: readonly Socket[]; isSilent: boolean }>();

  private constructor() {
    this.#server = createServer((caller) => this.#connect(caller));
  }

  static async start(): Promise<SilentNetwork> {
    const network = new SilentNetwork();
    network.#server.listen(0, "127.0.0.1");
    await once(network.#server, "listening");
    return network;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  }

  /** Lets no byte of the connections that are there arrive any more, ever. */
  goSilent(): void {
    for (const pair of this.#pairs) pair.isSilent = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { ends } of this.#pairs) for (const end of ends) end.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #connect(caller: Socket): void {
    const called = connect({ ...this.to, allowHalfOpen: true });
    const pair = { ends: [caller, called], isSilent: this.isSilent };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [caller, called],
      [called, caller],
    ] as const) {
      from.on("data", (bytes) => pair.isSilent || to.write(bytes));
      from.on("error", () => to.destroy());
      from.on("close", () => pair.isSilent || to.destroy());
    }
  }
}
