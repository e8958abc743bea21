import { runCommand } from "../../acceptance/prism-command.ts";
import { toolchainFolder } from "../../acceptance/repository.ts";

/** A call on one register; an empty value stands for no value. */
export interface RegisterOperation {
  readonly process: number;
  readonly startMs: number;
  readonly endMs: number;
  /** `refused`: the register did not have the value that was expected. */
  readonly outcome: "ok" | "refused" | "unknown";
  readonly kind: "read" | "write";
  /** What was read, or is to be written. */
  readonly value: string;
  /** What a write expects to replace; left out: anything. */
  readonly expected?: string | undefined;
}

/** `unknown`: it was not found out in time. */
export type RegisterVerdict = "ok" | "illegal" | "unknown";

const judgedWithinMs = 300_000;

/** Asks Porcupine whether each history is that of one register. */
export async function judgeRegisters(
  histories: readonly (readonly RegisterOperation[])[],
): Promise<readonly RegisterVerdict[]> {
  const input = histories.map((history) => `${JSON.stringify(history)}\n`).join("");
  const judge = `${toolchainFolder}/bin/linearizability`;
  const { code, stdout, stderr } = await runCommand(judge, [], { input, endedWithinMs: judgedWithinMs });
  if (code !== 0) throw new Error(`${judge} ended with ${code}; make backends builds it: ${stderr}`);
  return stdout.toString().split("\n").filter(Boolean) as RegisterVerdict[];
}
