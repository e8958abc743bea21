import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { AttackOutcome } from "./attacker/attack.ts";
import { repositoryRoot } from "./repository.ts";

const program = `${repositoryRoot}/tests/acceptance/attacker/main.ts`;

/** A hostile client in a process of its own. */
export interface AttackerProcess extends AsyncDisposable {
  /** Attacks in that way for so long, and until the connection in hand has ended. */
  attackFor(attack: string, timeMs: number): Promise<readonly AttackOutcome[]>;
}

export function startAttacker(address: string): AttackerProcess {
  const child = spawn(process.execPath, [program, address], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.once("close", resolve));
  return {
    async attackFor(attack, timeMs) {
      child.stdin.write(`${JSON.stringify({ attack, timeMs })}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`the attacker ended with ${child.exitCode}`);
      return JSON.parse(value);
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      child.kill();
      await ended;
    },
  };
}
