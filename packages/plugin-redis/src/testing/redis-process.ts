import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const readyWithinMs = 10_000;
const pollMs = 10;

/** A Redis of a test's own, which may be killed, stopped and started again. Its data survives in an append-only file. */
export class RedisProcess {
  readonly port: number;
  readonly folder: string;
  readonly #args: readonly string[];
  #server: ChildProcess | undefined;

  private constructor(port: number, folder: string, args: readonly string[]) {
    this.port = port;
    this.folder = folder;
    this.#args = args;
  }

  /** Starts redis-server with further arguments. Fails the test when the program is missing. */
  static async start(args: (folder: string) => readonly string[] = () => []): Promise<RedisProcess> {
    const folder = await mkdtemp(join(tmpdir(), "prism-redis-"));
    const server = new RedisProcess(await freePort(), folder, args(folder));
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const args = [
      "--bind",
      "127.0.0.1",
      "--port",
      String(this.port),
      "--dir",
      this.folder,
      "--save",
      "",
      "--appendonly",
      "yes",
    ];
    const server = spawn("redis-server", [...args, "--appendfsync", "always", ...this.#args], { stdio: "ignore" });
    this.#server = server;
    const failed = once(server, "exit").then(
      () => "it exited",
      (error: Error) => error.message,
    );
    const problem = await Promise.race([failed, answers(this.port)]);
    if (problem !== undefined)
      throw new Error(`redis-server is needed and does not run: ${problem}. Run \`make backends\`.`);
  }

  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const exited = once(server, "exit");
    server.kill("SIGKILL");
    await exited;
  }

  /** Keeps the process from doing anything, connections left open, until `resume`. */
  pause(): void {
    this.#server?.kill("SIGSTOP");
  }

  resume(): void {
    this.#server?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until the server answers a command in any way; without a password it may refuse it. */
async function answers(port: number): Promise<string | undefined> {
  const giveUpAtMs = performance.now() + readyWithinMs;
  while (performance.now() < giveUpAtMs) {
    if (await answersOnce(port)) return undefined;
    await delay(pollMs);
  }
  return `no answer on port ${port} within ${readyWithinMs} ms`;
}

function answersOnce(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const answer = new Promise<boolean>((resolve) => {
    socket.once("connect", () => socket.write("PING\r\n"));
    socket.once("data", (data) => resolve(!data.toString().startsWith("-LOADING")));
    socket.once("error", () => resolve(false));
  });
  return answer.finally(() => socket.destroy());
}
