import type { PlannedNamespace } from "@prism-data/planner";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import type { NeedsPlan } from "./needs-plan.js";
import { formatPlan, planJson } from "./plan-report.js";

/** What a plan changes. Throws when it refuses something: then nothing of it is done. */
export function changesOf(plan: NeedsPlan): readonly PlannedNamespace[] {
  const { planned } = plan;
  if (planned.some(({ action }) => action.kind === "refuse")) {
    const facts = planJson(plan);
    throw new CommandFailure(ExitCode.failed, `nothing was written:\n${formatPlan(plan).trimEnd()}`, { facts });
  }
  return planned.filter(({ action }) => action.kind !== "keep");
}
