import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";

/** One connection, on both of its sides. */
interface Pair {
  readonly sockets: readonly [caller: Socket, called: Socket];
  isSilent: boolean;
}

/** Stands between two that speak TCP, as a network does. */
export class Relay implements AsyncDisposable {
  /** Whom it connects callers to, as host:port. */
  to: string;
  /** How long each piece takes on its way; 0: it goes at once. */
  delayMs = 0;
  /** The largest piece in which bytes arrive; 0: as they come. */
  sliceBytes = 0;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #connections = 0;
  #stall: Promise<void> | undefined;

  private constructor(to: string) {
    this.to = to;
    this.#server = createServer((caller) => this.#connect(caller));
  }

  /** Starts one on a free port; whom it connects to may be said later. */
  static async start(to = ""): Promise<Relay> {
    const relay = new Relay(to);
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  }

  /** Where callers connect. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** How many connections callers made so far. */
  get connections(): number {
    return this.#connections;
  }

  /** How many are open on the side of the one who is called. */
  get open(): number {
    return [...this.#pairs].filter(({ sockets: [, called] }) => !called.closed).length;
  }

  /** From now on no byte passes on the connections that are there, either way, and nobody is told: as when a cable is gone. */
  goSilent(): void {
    for (const pair of this.#pairs) pair.isSilent = true;
  }

  /** Ends the connections that are there: each side sees that the other has closed. */
  cut(): void {
    this.#each((socket) => socket.end());
  }

  /** The same with a reset. */
  reset(): void {
    this.#each((socket) => socket.resetAndDestroy());
  }

  /** Holds all bytes back, also those of new connections, until what is returned is called; then all of them arrive. */
  stall(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stall = promise;
    return () => {
      this.#stall = undefined;
      resolve();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#each((socket) => socket.destroy());
    this.#server.close();
    await once(this.#server, "close");
  }

  #each(act: (socket: Socket) => void): void {
    for (const socket of [...this.#pairs].flatMap(({ sockets }) => sockets)) act(socket);
  }

  #connect(caller: Socket): void {
    const [host = "", port = ""] = this.to.split(":");
    const called = connect(Number(port), host);
    const pair: Pair = { sockets: [caller, called], isSilent: false };
    this.#connections += 1;
    this.#pairs.add(pair);
    for (const socket of pair.sockets) {
      socket.setNoDelay(true);
      socket.on("close", () => caller.closed && called.closed && this.#pairs.delete(pair));
    }
    this.#carry(pair, caller, called);
    this.#carry(pair, called, caller);
  }

  /** Carries one direction until either side is gone, which the other is told. */
  #carry(pair: Pair, from: Socket, to: Socket): void {
    pipeline(from, (source: AsyncIterable<Buffer>) => this.#travel(pair, source), to).catch(() => {
      for (const socket of pair.sockets) socket.destroy();
    });
  }

  async *#travel(pair: Pair, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      for (const piece of piecesOf(chunk, this.sliceBytes)) {
        if (this.delayMs > 0) await pause(this.delayMs);
        await this.#stall;
        if (pair.isSilent) continue;
        yield piece;
        // What is written in one turn leaves in one piece.
        if (piece !== chunk) await nextTurn();
      }
    }
    // Not even its end is told.
    if (pair.isSilent) await new Promise(() => {});
  }
}

function piecesOf(chunk: Buffer, sliceBytes: number): Buffer[] {
  if (sliceBytes === 0 || chunk.length <= sliceBytes) return [chunk];
  return Array.from({ length: Math.ceil(chunk.length / sliceBytes) }, (_, index) =>
    chunk.subarray(index * sliceBytes, (index + 1) * sliceBytes),
  );
}
