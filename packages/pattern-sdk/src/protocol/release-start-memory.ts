import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

/**
 * Gives back the memory that was needed to load the program and is needed no more. V8 keeps it otherwise: it collects when it
 * runs short, not because a process is idle. Stops the process for some ms: call it once, when nothing waits for an answer.
 */
export function releaseStartMemory(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  // Only the last resort makes the heap smaller; any other collection leaves it as large as it was.
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
}
