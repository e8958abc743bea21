import type { Pin, PlannedNamespace } from "@prism-data/planner";
import { textTable } from "../../text-table.js";
import type { NeedsPlan } from "./needs-plan.js";

const marks = { create: "+", change: "~", keep: "=", refuse: "!" } as const;
const verbs = {
  create: "will be made",
  change: "will be changed",
  keep: "is as it should be",
  refuse: "is refused",
} as const;

/** A plan as people read it: a block for each namespace, what is not acted on, and what it comes to. */
export function formatPlan({ planned, unused }: NeedsPlan): string {
  const notes =
    unused.length === 0 ? "" : `\nNot acted on:\n${unused.map(({ at, message }) => `  ${at}: ${message}\n`).join("")}`;
  return `${planned.map(formatNamespace).join("\n")}${notes}\n${summary(planned)}\n`;
}

/** One namespace, with the reasons. */
function formatNamespace({ needs, action, chosen, rejected, capacity, entry, pins }: PlannedNamespace): string {
  const where = entry === undefined ? needs.pattern : `${needs.pattern} on ${entry.backend}`;
  const head = `${marks[action.kind]} ${needs.namespace}  ${where}  (${needs.message})  ${verbs[action.kind]}\n`;
  const people = [
    ["owners", needs.owners],
    ["consumers", needs.consumers],
  ] as const;
  const rows = [
    ...(action.kind === "refuse" ? [["refused", action.reason]] : []),
    ...(action.kind === "change"
      ? action.changes.map(({ key, from, to }) => ["changes", `${key}: ${from ?? "not set"} → ${to ?? "not set"}`])
      : []),
    ...(chosen === undefined ? [] : [["chosen", `${chosen.backend} (${chosen.plugin}): ${chosen.reason}`]]),
    ...rejected.map(({ backend, plugin, reason }) => ["rejected", `${backend} (${plugin}): ${reason}`]),
    ...(capacity?.figures ?? []).map(({ name, value, formula }) => [name, `${value} = ${formula}`]),
    ...pins.map((pin) => ["pinned", pinText(pin)]),
    ...people.filter(([, names]) => names.length > 0).map(([name, names]) => [name, names.join(", ")]),
    ...(capacity?.warnings ?? []).map((warning) => ["warning", warning]),
  ];
  return head + textTable(rows.map(([name = "", text = ""]) => ["   ", name, text]));
}

function pinText({ key, value = "not set", planned = "not set" }: Pin): string {
  return value === planned
    ? `${key}: ${value}, as prism.yaml pins it and as it would be made`
    : `${key}: ${value}, as prism.yaml pins it; it would be ${planned}`;
}

function summary(planned: readonly PlannedNamespace[]): string {
  const count = (kind: keyof typeof marks) => planned.filter(({ action }) => action.kind === kind).length;
  return `${count("create")} to make, ${count("change")} to change, ${count("keep")} as they are, ${count("refuse")} refused`;
}

/** The same for programs. */
export function planJson({ planned, unused }: NeedsPlan) {
  return {
    namespaces: planned.map(({ needs, action, entry, chosen, rejected, capacity, pins }) => ({
      namespace: needs.namespace,
      message: needs.message,
      needs: needsJson(needs),
      action,
      entry: entry ?? null,
      chosen:
        chosen === undefined
          ? null
          : { backend: chosen.backend, plugin: chosen.plugin, points: chosen.points, reason: chosen.reason },
      rejected,
      figures: capacity?.figures ?? [],
      pins,
      warnings: capacity?.warnings ?? [],
    })),
    unused,
  };
}

/** What was understood: times in ms, sizes in bytes, rates in calls a second. */
function needsJson({ fields, ...needs }: PlannedNamespace["needs"]) {
  return { ...needs, fields: fields.map(({ name, options }) => ({ name, options: Object.fromEntries(options) })) };
}
