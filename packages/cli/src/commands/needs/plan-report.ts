import type { PlannedNamespace } from "@prism-data/planner";
import { textTable } from "../../text-table.js";

const marks = { create: "+", change: "~", keep: "=", refuse: "!" } as const;

/** A plan as people read it: a block for each namespace, and what it comes to. */
export function formatPlan(planned: readonly PlannedNamespace[]): string {
  return `${planned.map(formatNamespace).join("\n")}\n${summary(planned)}\n`;
}

/** One namespace, with the reasons. */
function formatNamespace({ needs, action, chosen, rejected, capacity, entry }: PlannedNamespace): string {
  const where = entry === undefined ? "" : ` on ${entry.backend}`;
  const head = `${marks[action.kind]} ${needs.namespace}  ${needs.pattern}${where}  (${needs.message})\n`;
  const rows = [
    ...(action.kind === "refuse" ? [["refused", action.reason]] : []),
    ...(action.kind === "change"
      ? action.changes.map(({ key, from, to }) => [key, `${from ?? "none"} → ${to ?? "none"}`])
      : []),
    ...(chosen === undefined ? [] : [["chosen", `${chosen.backend} (${chosen.plugin}): ${chosen.reason}`]]),
    ...rejected.map(({ backend, plugin, reason }) => ["rejected", `${backend} (${plugin}): ${reason}`]),
    ...(capacity?.figures ?? []).map(({ name, value, formula }) => [name, `${value} = ${formula}`]),
    ...(capacity?.warnings ?? []).map((warning) => ["warning", warning]),
  ];
  return head + textTable(rows.map(([name = "", text = ""]) => ["   ", name, text]));
}

function summary(planned: readonly PlannedNamespace[]): string {
  const count = (kind: keyof typeof marks) => planned.filter(({ action }) => action.kind === kind).length;
  return `${count("create")} to make, ${count("change")} to change, ${count("keep")} as they are, ${count("refuse")} refused`;
}

/** The same for programs. */
export function planJson(planned: readonly PlannedNamespace[]) {
  return {
    namespaces: planned.map(({ needs, action, entry, chosen, rejected, capacity }) => ({
      namespace: needs.namespace,
      message: needs.message,
      action,
      entry: entry ?? null,
      chosen: chosen === undefined ? null : { backend: chosen.backend, plugin: chosen.plugin, reason: chosen.reason },
      rejected,
      figures: capacity?.figures ?? [],
      warnings: capacity?.warnings ?? [],
    })),
  };
}
