import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { LocalServerError } from "./local-server-error.js";
import type { Ports } from "./server-kind.js";

/** Above what well-known programs listen on. */
const lowestPort = 10_000;

/** Where Linux begins to take ports for outgoing connections unless it was told otherwise. */
const firstOutgoingPort = 32_768;

/** With fewer to choose from, two that choose at once would often choose the same. */
const choiceMin = 1_000;

/** Out of so many random ports one is free, or something is very wrong. */
const triesMax = 100;

/**
 * So many ports of the loopback, one or more, that nothing listens on now. They are below those that the kernel gives to outgoing
 * connections, unless that leaves too few: so they are still free when a stopped server comes back to them.
 */
export async function freePorts(count: number): Promise<Ports> {
  const highestPort = (await firstPortGivenAway()) - 1;
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries++) {
    if (tries > triesMax) throw new LocalServerError(`No free port was found on 127.0.0.1 in ${triesMax} tries.`);
    const port = randomInt(lowestPort, highestPort + 1);
    if (await isFree(port)) found.add(port);
  }
  return [...found] as [number, ...number[]];
}

/** See ip_local_port_range in Linux's ip(7). */
async function firstPortGivenAway(): Promise<number> {
  const range = await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8").catch(() => "");
  const first = Number.parseInt(range, 10);
  return first >= lowestPort + choiceMin ? Math.min(first, firstOutgoingPort) : firstOutgoingPort;
}

/** Whether a server could listen on this port of the loopback now. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = once(server, "listening").then(
    () => true,
    () => false,
  );
  server.listen(port, "127.0.0.1");
  if (!(await listening)) return false;
  server.close();
  await once(server, "close");
  return true;
}
