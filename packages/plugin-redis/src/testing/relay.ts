import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Stands between a plugin and its server, until it falls silent. */
export class Relay implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #isSilent = false;

  private constructor(to: URL) {
    this.#server = createServer((caller) => {
      if (this.#isSilent) return caller.destroy();
      const called = connect(Number(to.port), to.hostname);
      for (const socket of [caller, called]) socket.on("error", () => {});
      this.#sockets.push(caller, called);
      caller.pipe(called).pipe(caller);
    });
  }

  /** Starts one on a free port, before the server at `url`. */
  static async start(url: string): Promise<Relay> {
    const relay = new Relay(new URL(url));
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on no byte passes and nobody can connect; the server is not told that its callers have gone. */
  fallSilent(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
