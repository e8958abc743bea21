import { isIP, connect as openPlain, type Socket } from "node:net";
import { connect as openSecure } from "node:tls";
import type { ISocketFactory } from "kafkajs";

/** How often is looked which requests still wait. */
const lookIntervalMs = 200;

/** Soon enough for firewalls that forget connections on which nothing moves. */
const keepAliveMs = 10_000;

/** How long the other side may take to end a connection that was ended here. */
const endMsMax = 1_000;

/** What was heard on a connection. */
interface Heard {
  /** When something came last; at first: when the connection was begun. In ms of `performance.now()`. */
  atMs: number;
  /** How much was written until then. */
  writtenBytes: number;
  /** Since when something that was written waits for an answer. */
  waitingSinceMs: number | undefined;
  /** How long it may. `undefined`: whoever asks looks after that. */
  readonly answerMsMax: number | undefined;
}

/**
 * The connections to the brokers. kafkajs keeps a connection on which nothing moves and repeats its requests there; here it is given up,
 * which kafkajs takes for a lost one: it makes a new one, on which an idempotent producer repeats under the same sequence number.
 */
export class Sockets {
  readonly #open = new Map<Socket, Heard>();
  readonly #looking = setInterval(() => this.#look(), lookIntervalMs).unref();
  #stalls = 0;

  /** How many connections were given up because nothing moved on them. */
  get stalls(): number {
    return this.#stalls;
  }

  /** Makes connections for kafkajs. One that lets a request wait longer than `answerMsMax` is given up. */
  factory(answerMsMax?: number): ISocketFactory {
    return ({ host, port, ssl, onConnect }) => {
      const address = { host, port, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
      const name = isIP(host) === 0 ? { servername: host } : {};
      const socket = ssl ? openSecure({ ...address, ...name, ...ssl }, onConnect) : openPlain(address, onConnect);
      const heard: Heard = { atMs: performance.now(), writtenBytes: 0, waitingSinceMs: undefined, answerMsMax };
      this.#open.set(socket, heard);
      socket.on("data", () => {
        heard.atMs = performance.now();
        heard.writtenBytes = socket.bytesWritten;
        heard.waitingSinceMs = undefined;
      });
      socket.once("finish", () => setTimeout(() => socket.destroy(), endMsMax).unref());
      socket.once("close", () => this.#open.delete(socket));
      return socket;
    };
  }

  /** Gives up the connections that were there at that time and on which nothing has come since, also those on which nothing was asked. */
  giveUpQuiet(sinceMs: number): void {
    for (const [socket, { atMs }] of this.#open) if (atMs < sinceMs) this.#giveUp(socket);
  }

  /** Ends all connections at once. */
  close(): void {
    clearInterval(this.#looking);
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #look(): void {
    const nowMs = performance.now();
    for (const [socket, heard] of this.#open) {
      if (socket.bytesWritten === heard.writtenBytes) continue;
      heard.waitingSinceMs ??= nowMs;
      if (nowMs - heard.waitingSinceMs > (heard.answerMsMax ?? Number.POSITIVE_INFINITY)) this.#giveUp(socket);
    }
  }

  #giveUp(socket: Socket): void {
    this.#open.delete(socket);
    this.#stalls++;
    socket.destroy(new Error("nothing moved on the connection"));
  }
}
