import type { adminv1 } from "@prism-data/pattern-sdk/protocol";
import { textTable } from "../../text-table.js";

/** What is done with a namespace, as people read it: a mark and a verb. */
const actions: Readonly<Record<string, readonly [mark: string, verb: string]>> = {
  create: ["+", "will be made"],
  change: ["~", "will be changed"],
  keep: ["=", "is as it should be"],
  refuse: ["!", "is refused"],
};

/** A plan as people read it: a block for each namespace, what is not acted on, and what it comes to. */
export function formatPlan({ namespaces, unused }: adminv1.NeedsPlan): string {
  const notes =
    unused.length === 0 ? "" : `\nNot acted on:\n${unused.map(({ at, message }) => `  ${at}: ${message}\n`).join("")}`;
  return `${namespaces.map(formatNamespace).join("\n")}${notes}\n${summary(namespaces)}\n`;
}

/** One namespace, with the reasons. */
function formatNamespace(planned: adminv1.PlannedNamespace): string {
  const {
    namespace,
    message,
    needs = {},
    action,
    chosen,
    rejected,
    figures,
    declaration,
    pins,
    warnings,
    drift,
    schema,
  } = planned;
  const where = declaration === undefined ? needs.pattern : `${needs.pattern} on ${declaration.backend}`;
  const [mark, verb] = actions[action?.kind ?? ""] ?? ["?", `is to be: ${action?.kind}`];
  const head = `${mark} ${namespace}  ${where}  (${message})  ${verb}\n`;
  const rows = [
    ...(action === undefined || action.reason === "" ? [] : [["refused", action.reason]]),
    ...(action?.changes ?? []).map((change) => ["changes", changeText(change)]),
    ...(chosen === undefined ? [] : [["chosen", verdictText(chosen)]]),
    ...rejected.map((verdict) => ["rejected", verdictText(verdict)]),
    ...figures.map(({ name, value, formula }) => [name, `${value} = ${formula}`]),
    ...pins.map((pin) => ["pinned", pinText(pin)]),
    ...["owners", "consumers"]
      .map((name) => [name, (needs[name] ?? []).join(", ")])
      .filter(([, names]) => names !== ""),
    ...(schema?.changed && action?.kind === "create" ? [["schema", `${schema.message} is kept with it`]] : []),
    ...(action?.kind === "refuse" ? [] : (schema?.breaking ?? []).map((one) => ["breaks", breakingText(one)])),
    ...drift.map((line) => ["differs", line]),
    ...warnings.map((warning) => ["warning", warning]),
  ];
  return head + textTable(rows.map(([name = "", text = ""]) => ["   ", name, text]));
}

function changeText({ key, from = "not set", to = "not set" }: adminv1.PlannedChange): string {
  return `${key}: ${from} → ${to}`;
}

function breakingText({ at, message, rule }: adminv1.BreakingChange): string {
  return `${at}: ${message} (${rule})`;
}

function verdictText({ backend, plugin, reason }: adminv1.BackendVerdict): string {
  return `${backend} (${plugin}): ${reason}`;
}

function pinText({ key, value = "not set", planned = "not set" }: adminv1.PlannedPin): string {
  return value === planned
    ? `${key}: ${value}, as prism.yaml pins it and as it would be made`
    : `${key}: ${value}, as prism.yaml pins it; it would be ${planned}`;
}

function summary(namespaces: readonly adminv1.PlannedNamespace[]): string {
  const count = (kind: string) => namespaces.filter(({ action }) => action?.kind === kind).length;
  return `${count("create")} to make, ${count("change")} to change, ${count("keep")} as they are, ${count("refuse")} refused`;
}

/** The same for programs. */
export function planJson({ namespaces, unused, etag }: adminv1.NeedsPlan) {
  return {
    namespaces: namespaces.map(({ declaration, chosen, schema, ...planned }) => ({
      ...planned,
      schema: schema === undefined ? null : schemaJson(schema),
      entry: declaration ?? null,
      chosen: chosen ?? null,
    })),
    unused,
    ...(etag !== "" && { etag }),
  };
}

/** Without the descriptors: `prism schema get` has them. */
function schemaJson({ message, changed, breaking }: adminv1.PlannedSchema) {
  return { message, changed, breaking };
}
