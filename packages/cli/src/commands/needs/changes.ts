import type { PlannedNamespace } from "@prism-data/planner";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import { formatPlan, planJson } from "./plan-report.js";

/** What a plan changes. Throws when it refuses something: then nothing of it is done. */
export function changesOf(planned: readonly PlannedNamespace[]): readonly PlannedNamespace[] {
  if (planned.some(({ action }) => action.kind === "refuse")) {
    const facts = planJson(planned);
    throw new CommandFailure(ExitCode.failed, `nothing was written:\n${formatPlan(planned).trimEnd()}`, { facts });
  }
  return planned.filter(({ action }) => action.kind !== "keep");
}
