import type { adminv1 } from "@prism-data/pattern-sdk/protocol";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import { formatPlan, planJson } from "./plan-report.js";

/** Whether a plan refuses something. */
export function hasRefusals({ namespaces }: adminv1.NeedsPlan): boolean {
  return namespaces.some(({ action }) => action?.kind === "refuse");
}

/** What a plan changes. Throws when it refuses something: then nothing of it is done. */
export function changesOf(plan: adminv1.NeedsPlan): readonly adminv1.PlannedNamespace[] {
  if (hasRefusals(plan)) {
    const facts = planJson(plan);
    throw new CommandFailure(ExitCode.failed, `nothing was written:\n${formatPlan(plan).trimEnd()}`, { facts });
  }
  return plan.namespaces.filter(({ action }) => action?.kind !== "keep");
}
