// The floor under a proxy: one round trip over a Unix socket between two Node processes.
import { join } from "node:path";
import { benchFile, startProgram } from "../programs.mjs";

export async function startSocketEcho({ folder, cpus }) {
  const path = join(folder, "echo.sock");
  const node = (file, cpu) => startProgram([process.execPath, benchFile(file), path], { cpu });
  const echo = await node("programs/socket-echo.mjs", cpus.front);
  const caller = await node("programs/echo-caller.mjs", cpus.back);
  return {
    processes: { store: [echo.pid] },
    check: async ({ valueBytes }) => {
      await caller.ask({ valueBytes, calls: 1 });
    },
    load: ({ valueBytes, calls }) => caller.ask({ valueBytes, calls }),
    stop: async () => {
      await caller.stop();
      await echo.stop();
    },
  };
}
