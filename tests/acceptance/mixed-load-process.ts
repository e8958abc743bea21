import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { repositoryRoot } from "./repository.ts";

const program = `${repositoryRoot}/tests/acceptance/mixed-load/main.ts`;

/** Where the large calls are made. `elsewhere`: in another proxy. */
export type Neighbours = "same" | "other" | "elsewhere";

/** What became of the small calls of one window. */
export interface MixedWindow {
  readonly p99Ms: number;
  readonly calls: number;
  readonly neighbourCalls: number;
}

/** Small calls beside large ones, from a process of its own. */
export interface MixedLoad extends AsyncDisposable {
  callFor(timeMs: number, neighbours: Neighbours): Promise<MixedWindow>;
}

export function startMixedLoad(namespace: string, { here, elsewhere }: { here: string; elsewhere: string }): MixedLoad {
  const child = spawn(process.execPath, [program, namespace, here, elsewhere], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.once("close", resolve));
  return {
    async callFor(timeMs, neighbours) {
      child.stdin.write(`${JSON.stringify({ timeMs, neighbours })}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`the load ended with ${child.exitCode}`);
      return JSON.parse(value);
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      child.kill();
      await ended;
    },
  };
}
