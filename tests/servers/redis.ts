import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A Redis that tests may use, and how to let it go. */
export interface RedisServer {
  readonly url: string;
  stop(): Promise<void>;
}

const readyWithinMs = 20_000;

/**
 * Finds a real Redis in this order: the address in PRISM_TEST_REDIS_URL, Docker through testcontainers, the redis-server on
 * the PATH. None of them: throws, because a missing server fails the run.
 */
export async function startRedis(environment: NodeJS.ProcessEnv): Promise<RedisServer> {
  const given = environment.PRISM_TEST_REDIS_URL;
  if (given) return { url: given, stop: async () => {} };
  return (await isDockerThere()) ? startContainer() : startBinary();
}

async function isDockerThere(): Promise<boolean> {
  const path = "/var/run/docker.sock";
  if (
    await access(path).then(
      () => false,
      () => true,
    )
  )
    return false;
  const socket = connect(path);
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

async function startContainer(): Promise<RedisServer> {
  const { GenericContainer } = await import("testcontainers");
  const container = await new GenericContainer("redis:7-alpine").withExposedPorts(6379).start();
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(6379)}`,
    stop: async () => {
      await container.stop();
    },
  };
}

async function startBinary(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "prism-redis-"));
  const port = await freePort();
  const args = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder, "--save", "", "--appendonly", "yes"];
  const server = spawn("redis-server", [...args, "--appendfsync", "always"], { stdio: "ignore" });
  const ended = once(server, "exit").then(
    () => undefined,
    (error: Error) => error,
  );
  const problem = await Promise.race([ended.then((error) => error ?? new Error("it exited")), answersPing(port)]);
  if (problem) {
    const advice = "run `make backends`, or name a server in PRISM_TEST_REDIS_URL";
    throw new Error(`redis-server could not be started for the tests (${problem.message}): ${advice}`);
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      server.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port on 127.0.0.1");
  return address.port;
}

/** An open port is not a ready server: only PONG counts. */
async function answersPing(port: number): Promise<Error | undefined> {
  const giveUpAtMs = Date.now() + readyWithinMs;
  while (Date.now() < giveUpAtMs) {
    if (await ping(port)) return undefined;
    await delay(20);
  }
  return new Error(`no PONG on port ${port} within ${readyWithinMs} ms`);
}

function ping(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise<boolean>((resolve) => {
    socket.once("connect", () => socket.write("PING\r\n"));
    socket.once("data", (data) => resolve(data.toString().startsWith("+PONG")));
    socket.once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}
