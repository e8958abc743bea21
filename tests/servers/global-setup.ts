import { fileURLToPath } from "node:url";
import { serverKinds, sharedAddressVariable } from "@prism-data/local-servers";
import { type SharedServer, startShared } from "./shared-server.ts";

/** Where `make backends` puts what is not on the PATH. */
const programsDir = fileURLToPath(new URL("../../.toolchain", import.meta.url));

/** Starts the servers that all tests of a run share, at once, and tells the test processes by their environment. */
export async function setup(): Promise<() => Promise<void>> {
  process.env.PRISM_PROGRAMS_DIR ??= programsDir;
  const starts = await Promise.allSettled(serverKinds.map((kind) => startShared(kind, process.env)));
  const servers = starts.flatMap((start) => (start.status === "fulfilled" ? start.value : []));
  const stopAll = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    for (const start of starts) if (start.status === "rejected") throw start.reason;
  } catch (error) {
    await stopAll();
    throw error;
  }
  tell(servers);
  return stopAll;
}

function tell(servers: readonly SharedServer[]): void {
  for (const { kind, address } of servers) process.env[sharedAddressVariable(kind)] = address;
}
