import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { backends, configOf } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { boundSockets } from "./open-sockets.ts";
import { PrismProcess } from "./prism-process.ts";
import { childrenOf, isLive } from "./process-table.ts";

// The plugins are told by the end of their stdin; nothing polls.
const orphansGoneWithinMs = 1_000;

const fromEnvironment = (variable: string) => `\${env:${variable}}`;
const secret = "correct-horse-battery-staple";
// Nothing listens there; a backend that does not answer is no reason not to start.
const redisWithPassword = { url: "redis://127.0.0.1:1", password: fromEnvironment("REDIS_PASSWORD") };

const permissions = (path: string) => (statSync(path).mode & 0o777).toString(8);

function pluginSockets(prism: PrismProcess): string[] {
  return childrenOf(prism.pid).flatMap(({ pid }) => boundSockets(pid));
}

test("each backend is one child process", async () => {
  await using prism = await PrismProcess.start({ config: configOf(backends) });
  const children = childrenOf(prism.pid);
  expect(children).toHaveLength(backends.length);
  for (const { pid } of children) expect(childrenOf(pid)).toEqual([]);
});

test("each plugin listens on one socket that only its user can reach", async () => {
  await using prism = await PrismProcess.start({ config: configOf(backends) });
  const sockets = pluginSockets(prism);
  expect(sockets).toHaveLength(backends.length);
  for (const socket of sockets) {
    expect(permissions(socket)).toBe("600");
    expect(permissions(dirname(socket))).toBe("700");
    expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(103);
  }
});

test("no secret of a backend stands on a command line or in an environment", async () => {
  const config = configOf([], { backends: { cache: { plugin: "redis", settings: redisWithPassword } } });
  await using prism = await PrismProcess.start({ config, environment: { REDIS_PASSWORD: secret } });
  const [plugin] = childrenOf(prism.pid);
  for (const file of ["cmdline", "environ"]) {
    expect(readFileSync(`/proc/${plugin?.pid}/${file}`, "utf8")).not.toContain(secret);
  }
  expect(prism.stderr).not.toContain(secret);
});

test("kill -9 of the proxy leaves no orphan", async () => {
  await using prism = await PrismProcess.start({ config: configOf(backends) });
  const plugins = childrenOf(prism.pid).map(({ pid }) => pid);
  await prism.stop("SIGKILL");
  await eventually("the end of all plugins", orphansGoneWithinMs, () => !plugins.some(isLive));
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s ends the proxy with 0, and leaves no process and no socket",
  async (signal) => {
    await using prism = await PrismProcess.start({ config: configOf(backends) });
    const plugins = childrenOf(prism.pid).map(({ pid }) => pid);
    const sockets = pluginSockets(prism);
    expect(await prism.stop(signal)).toEqual({ code: 0, signal: null });
    expect(plugins.filter(isLive)).toEqual([]);
    expect(sockets.filter((socket) => existsSync(dirname(socket)))).toEqual([]);
  },
);

test("a second signal ends the proxy at once with 1", async () => {
  await using prism = await PrismProcess.start({ config: configOf(backends) });
  const plugins = childrenOf(prism.pid).map(({ pid }) => pid);
  prism.signal("SIGTERM");
  prism.signal("SIGINT");
  expect((await prism.ended).code).toBe(1);
  await eventually("the end of all plugins", orphansGoneWithinMs, () => !plugins.some(isLive));
});
