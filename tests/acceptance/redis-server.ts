import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync } from "node:fs";
import { connect, createServer } from "node:net";
import { eventually } from "./eventually.ts";
import { createTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

const program = process.env.PRISM_TEST_REDIS_SERVER ?? "/usr/bin/redis-server";

const answersWithinMs = 10_000;

/** The Redis that tests share; they keep apart by the names of their namespaces. */
export function sharedRedisUrl(): string {
  const url = process.env.PRISM_TEST_REDIS_URL;
  if (url === undefined) throw new Error("PRISM_TEST_REDIS_URL is not set: the shared Redis was not started");
  return url;
}

/** A Redis of a test's own, to be stopped and started again on the same port with the same data. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: TemporaryFolder;
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: TemporaryFolder) {
    this.port = port;
    this.#folder = folder;
  }

  static async create(): Promise<RedisServer> {
    accessSync(program);
    const server = new RedisServer(await freePort(), await createTemporaryFolder());
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const place = ["--bind", "127.0.0.1", "--port", String(this.port), "--dir", this.#folder.path];
    const durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
    this.#child = spawn(program, [...place, ...durable], { stdio: "ignore" });
    await eventually(`PONG of ${this.url}`, answersWithinMs, () => answersPing(this.port));
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port on 127.0.0.1");
  return address.port;
}

/** An open port is not a ready server: only PONG counts. */
function answersPing(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise<boolean>((resolve) => {
    socket.once("connect", () => socket.write("PING\r\n"));
    socket.once("data", (data) => resolve(data.toString().startsWith("+PONG")));
    socket.once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}
