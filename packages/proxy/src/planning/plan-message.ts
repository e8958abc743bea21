import type { adminv1 } from "@prism-data/pattern-sdk/protocol";
import type { Change, Pin, PlannedNamespace, PlannedSchema, Problem, Verdict } from "@prism-data/planner";
import { entryJson } from "./planned-entry.js";

/** What an app's needs come to, as the planner says. */
export interface MadePlan {
  readonly planned: readonly PlannedNamespace[];
  /** What the app says that Prism does not act on. */
  readonly unused: readonly Problem[];
}

/** A plan as the admin API and the command line tell it; without an etag. */
export function planMessage({ planned, unused }: MadePlan): adminv1.NeedsPlan {
  return {
    namespaces: planned.map(namespaceMessage),
    unused: unused.map(({ at, message }) => ({ at, message })),
    etag: "",
  };
}

function namespaceMessage(planned: PlannedNamespace): adminv1.PlannedNamespace {
  const { needs, action, entry, chosen, rejected, capacity, pins, schema, warnings } = planned;
  return {
    namespace: needs.namespace,
    message: needs.message,
    needs: needsJson(needs),
    action: {
      kind: action.kind,
      changes: action.kind === "change" ? action.changes.map(changeMessage) : [],
      reason: action.kind === "refuse" ? action.reason : "",
    },
    declaration: entry && entryJson(entry),
    chosen: chosen && verdictMessage(chosen),
    rejected: rejected.map(verdictMessage),
    figures: (capacity?.figures ?? []).map(({ name, value, formula }) => ({ name, value, formula })),
    pins: pins.map(({ key, value, planned: wanted }: Pin) => ({ key, value, planned: wanted })),
    warnings: [...warnings],
    drift: [],
    schema: schema && schemaMessage(schema),
  };
}

const changeMessage = ({ key, from, to }: Change): adminv1.PlannedChange => ({ key, from, to });

const verdictMessage = ({ backend, plugin, points, reason }: Verdict): adminv1.BackendVerdict => {
  return { backend, plugin, points, reason };
};

const schemaMessage = ({ message, files, change, breaking }: PlannedSchema): adminv1.PlannedSchema => {
  return {
    message,
    descriptorSet: files,
    changed: change !== undefined,
    breaking: breaking.map((one) => ({ ...one })),
  };
};

/** Without what is not said. */
function needsJson({ fields, ...needs }: PlannedNamespace["needs"]): Record<string, unknown> {
  const ofFields = fields.map(({ name, options }) => ({ name, options: Object.fromEntries(options) }));
  return JSON.parse(JSON.stringify({ ...needs, fields: ofFields })) as Record<string, unknown>;
}
