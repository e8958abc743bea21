import { type Capacity, capacityOf } from "./capacity/capacity.js";
import { type Action, actionOf } from "./change.js";
import { type Choice, choose, type Verdict } from "./choose.js";
import { contradictionsOf } from "./contradictions.js";
import { entryOf, type NamespaceEntry, type Pin, pinned, pinsOf } from "./entry.js";
import { fieldProblems } from "./field-options.js";
import { type Needs, readNeeds, type WrittenNeeds } from "./needs.js";
import type { Offer } from "./offer.js";
import { NeedsError, type Problem } from "./problem.js";
import { type PlannedSchema, planSchema, type SchemaState } from "./schema/planned-schema.js";
import type { Schema } from "./schema/schema.js";

/** The plan for one message. */
export interface PlannedNamespace {
  readonly needs: Needs;
  readonly action: Action;
  /** As it is to be; `undefined`: no backend can hold it. */
  readonly entry: NamespaceEntry | undefined;
  readonly chosen: Verdict | undefined;
  readonly rejected: readonly Verdict[];
  readonly capacity: Capacity | undefined;
  /** What an operator has decided, and what would have been made. */
  readonly pins: readonly Pin[];
  /** What is kept of the app's messages; `undefined`: what is kept stays. */
  readonly schema: PlannedSchema | undefined;
  /** What is not as somebody may expect. */
  readonly warnings: readonly string[];
}

/** What a plan is made from. */
export interface PlanInput {
  readonly written: readonly WrittenNeeds[];
  readonly offers: readonly Offer[];
  /** The namespaces that are configured now. */
  readonly namespaces: ReadonlyMap<string, NamespaceEntry>;
  /** The app's messages. Not given: it gave none, and what is kept stays. */
  readonly schema?: Schema | undefined;
  /** What the namespaces keep of messages, and what a change of them may do. Not given: nothing, and nothing that breaks. */
  readonly schemas?: ReadonlyMap<string, SchemaState>;
  /** Namespaces that are deleted and can be restored, each with how long. Not given: none. */
  readonly deleted?: ReadonlyMap<string, string>;
  /** Whether a change may delete data that is kept now. Default: no. */
  readonly allowDataLoss?: boolean;
  /** Whether a change of messages may break readers of what is kept. Default: where the namespace says so. */
  readonly allowSchemaBreaking?: boolean;
}

/**
 * Plans a namespace for each message that states needs. The same input gives the same plan. Throws NeedsError with everything that
 * is wrong with the needs themselves.
 */
export function planNamespaces(input: PlanInput): readonly PlannedNamespace[] {
  const problems: Problem[] = [];
  const needs = input.written.map((one) => checkedNeeds(one, problems));
  refuseTwins(needs, problems);
  if (problems.length > 0) throw new NeedsError(problems);
  return needs.map((one) => planOne(one, input));
}

function checkedNeeds(written: WrittenNeeds, problems: Problem[]): Needs {
  const needs = readNeeds(written, problems);
  problems.push(...contradictionsOf(needs, written), ...fieldProblems(written));
  return needs;
}

function refuseTwins(needs: readonly Needs[], problems: Problem[]): void {
  const messageOf = new Map<string, string>();
  for (const { namespace, message } of needs) {
    const twin = messageOf.get(namespace);
    if (twin !== undefined)
      problems.push({ at: `${message} (prism.namespace)`, message: `${twin} has the namespace ${namespace} already` });
    messageOf.set(namespace, message);
  }
}

function planOne(needs: Needs, input: PlanInput): PlannedNamespace {
  const { offers, namespaces, deleted, allowDataLoss = false } = input;
  const existing = namespaces.get(needs.namespace);
  const { chosen, rejected, nearest } = choiceFor(needs, offers, existing);
  if (chosen === undefined) {
    const none = offers.length === 0 ? "no backend is configured" : "no configured backend can hold it";
    const reason = nearest === undefined ? none : `${none}; ${nearest}`;
    return {
      needs,
      action: { kind: "refuse", reason },
      entry: undefined,
      chosen,
      rejected,
      capacity: undefined,
      pins: [],
      schema: undefined,
      warnings: [],
    };
  }
  const offered = chosen.offer.patterns!.get(needs.pattern)!;
  const capacity = capacityOf(needs, chosen.offer, offered);
  const wanted = entryOf(needs, chosen.backend, offered, capacity, existing);
  const entry = pinned(existing, wanted);
  const made = restorable(needs, deleted) ?? disorder(needs, entry) ?? actionOf(existing, entry, allowDataLoss);
  const { schema, warnings, action } = withSchema(made, needs, input);
  return {
    ...{ needs, action, entry, chosen, rejected, capacity, pins: pinsOf(existing, wanted), schema },
    warnings: [...capacity.warnings, ...warnings],
  };
}

/** What is done with the namespace when what it keeps of the app's messages is looked at too. */
function withSchema(
  action: Action,
  { namespace, message }: Needs,
  { schema: ofApp, schemas, allowSchemaBreaking = false }: PlanInput,
): Pick<PlannedNamespace, "schema" | "warnings" | "action"> {
  const { kept, compatibility } = schemas?.get(namespace) ?? { compatibility: "wire_json" };
  if (ofApp === undefined) return { schema: undefined, warnings: [], action };
  const schema = planSchema(ofApp, message, kept);
  if ("missing" in schema) {
    const warning = `its messages are not kept, and not compared: ${schema.missing.join(" and ")} were not given; name a folder with all .proto files, or a descriptor set`;
    return { schema: undefined, warnings: [warning], action };
  }
  const isAllowed = allowSchemaBreaking || compatibility === "none";
  return { schema, warnings: [], action: isAllowed ? changing(action, schema) : refusing(action, schema) };
}

function changing(action: Action, { change }: PlannedSchema): Action {
  if (change === undefined) return action;
  if (action.kind === "keep") return { kind: "change", changes: [change] };
  return action.kind === "change" ? { kind: "change", changes: [...action.changes, change] } : action;
}

function refusing(action: Action, schema: PlannedSchema): Action {
  if (schema.breaking.length === 0) return changing(action, schema);
  const list = schema.breaking.map(({ at, message, rule }) => `${at}: ${message} (${rule})`).join("; ");
  const reason = `its messages would be misread: ${list}; say --allow-schema-breaking`;
  return { kind: "refuse", reason: action.kind === "refuse" ? `${action.reason}; ${reason}` : reason };
}

/** Data does not move because a better backend has come: the one that holds it is asked first, and alone where it is pinned. */
function choiceFor(needs: Needs, offers: readonly Offer[], existing: NamespaceEntry | undefined): Choice {
  // What holds a namespace goes on holding it while it is away.
  const home = offers.filter(({ backend }) => backend === existing?.backend).map(({ away: _, ...offer }) => offer);
  const isPinned = existing?.pin?.includes("backend") ?? false;
  const choice = choose(needs, offers);
  if (home.length === 0 || (needs.backend !== undefined && !isPinned)) return choice;
  const { chosen, nearest } = choose(needs, home);
  if (chosen === undefined && !isPinned) return choice;
  const others = choice.chosen === undefined ? [] : [{ ...choice.chosen, reason: "it does not hold the namespace" }];
  const rejected = [...others, ...choice.rejected].filter(({ backend }) => backend !== chosen?.backend);
  if (chosen === undefined) return { chosen, rejected, nearest };
  const reason = isPinned ? "prism.yaml pins it" : "it holds the namespace already";
  return { chosen: { ...chosen, reason }, rejected: rejected.map(plainVerdict), nearest };
}

const plainVerdict = ({ backend, plugin, points, reason }: Verdict): Verdict => ({ backend, plugin, points, reason });

/** Who deleted it may want it back as it was: neither is it made anew beside its data, nor is the deletion taken back unasked. */
function restorable({ namespace }: Needs, deleted: PlanInput["deleted"]): Action | undefined {
  const until = deleted?.get(namespace);
  if (until === undefined) return undefined;
  const reason = `it exists and is deleted, and ${until}: bring it back with prism namespace restore ${namespace}, or free its name with prism namespace delete ${namespace} --now`;
  return { kind: "refuse", reason };
}

/** Partitions that are there, or pinned, against the order that is needed. */
function disorder({ ordering, pattern }: Needs, { options = {} }: NamespaceEntry): Action | undefined {
  const partitions = Number(options.partitions ?? 1);
  if (pattern !== "stream" || ordering !== "total" || partitions === 1) return undefined;
  const reason = `it has ${partitions} partitions, which have no order between them: say (prism.ordering) = "per_key"`;
  return { kind: "refuse", reason };
}
