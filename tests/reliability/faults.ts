import { setTimeout as pause } from "node:timers/promises";
import { backendOf } from "../acceptance/admin-client.ts";
import { eventually } from "../acceptance/eventually.ts";
import { isLive } from "../acceptance/process-table.ts";
import { nowMs } from "./history.ts";
import type { Site, SiteWithServer } from "./site.ts";

/** Something that goes wrong. */
export interface Fault<Where = SiteWithServer> {
  readonly name: string;
  /** Makes it happen, under load; resolves with the time from which on everything is there again. */
  strike(site: Where): Promise<number>;
  /** How long after that all apps must get on. Left out: what the backend says. */
  readonly recoversWithinMs?: number;
}

const downMs = 5_000;
const stalledMs = 3_000;
const slowMs = 2_000;
/** What is slow is used all the same: its time counts from where it begins, and is over as soon after its end as that of other faults. */
const slowRecoversWithinMs = slowMs + 2_000;
const deadWithinMs = 5_000;

/** What may happen to every backend. The proxy starts another process after a growing pause. */
export const pluginFault: Fault<Site> = {
  name: "plugin: kill -9",
  recoversWithinMs: 15_000,
  async strike({ admin, backend }) {
    const { pid } = await backendOf(admin, backend.name);
    process.kill(pid, "SIGKILL");
    await eventually("the plugin is dead", deadWithinMs, () => !isLive(pid));
    return nowMs();
  },
};

/** What may happen to a backend with a server of its own. */
export const serverFaults: readonly Fault[] = [
  {
    name: "server: kill -9, back after 5 s",
    async strike({ server }) {
      await server.kill();
      await pause(downMs);
      await server.start();
      return nowMs();
    },
  },
  { name: "network: connections cut", strike: ({ relay }) => at(() => relay.cut()) },
  { name: "network: connections reset", strike: ({ relay }) => at(() => relay.reset()) },
  {
    name: "network: nothing moves for 3 s",
    async strike({ relay }) {
      const release = relay.stall();
      await pause(stalledMs);
      return await at(release);
    },
  },
  {
    name: "network: open connections go silent",
    // Only a call that waits, or a question now and then, can tell it from a server with nothing to say.
    recoversWithinMs: 10_000,
    strike: ({ relay }) => at(() => relay.goSilent()),
  },
  {
    name: "network: 50 ms of delay",
    recoversWithinMs: slowRecoversWithinMs,
    async strike({ relay }) {
      relay.delayMs = 50;
      const sinceMs = nowMs();
      await pause(slowMs);
      relay.delayMs = 0;
      return sinceMs;
    },
  },
  {
    name: "network: slices of 16 bytes",
    recoversWithinMs: slowRecoversWithinMs,
    async strike({ relay }) {
      relay.sliceBytes = 16;
      const sinceMs = nowMs();
      await pause(slowMs);
      relay.sliceBytes = 0;
      return sinceMs;
    },
  },
];

async function at(act: () => void): Promise<number> {
  act();
  return nowMs();
}
