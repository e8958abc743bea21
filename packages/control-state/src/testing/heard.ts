import type { ControlState, Reachability } from "../control-state.js";

/** What is told of a control state from now on. */
export function heard(state: ControlState) {
  const revisions: string[] = [];
  const reachabilities: Reachability[] = [];
  const subscription = state.subscribe({
    onChange: (revision) => revisions.push(revision),
    onReachability: (reachability) => reachabilities.push(reachability),
  });
  return { revisions, reachabilities, subscription };
}
