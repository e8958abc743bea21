import { createHash } from "node:crypto";
import { type adminv1, GatewayError } from "@prism-data/pattern-sdk/protocol";
import type { AppNeeds, PlannedNamespace, SchemaState } from "@prism-data/planner";
import { withPlanned } from "@prism-data/planner/declaration";
import type { DeclaredNamespaces } from "../control/declared-namespaces.js";
import type { Declaration } from "../control/namespace-declarations.js";
import type { BackendView } from "../upstream/replicas.js";
import { runningOffer } from "./offers.js";
import { planMessage } from "./plan-message.js";
import { entryJson, plannedEntry } from "./planned-entry.js";
import { schemaOfFile, schemaOfStored } from "./schema-state.js";

/** How often needs are planned anew because somebody else's change came first: that many may come between. */
const attemptsMax = 100;

/** What whoever asks consents to. */
export interface Consent {
  readonly allowDataLoss: boolean;
  readonly allowSchemaBreaking: boolean;
}

/** What was done. */
export interface AppliedNeeds {
  readonly plan: adminv1.NeedsPlan;
  /** The names of what was made or changed. */
  readonly changed: readonly string[];
}

/** A plan, and what doing it would declare. */
interface Planned {
  readonly plan: adminv1.NeedsPlan;
  readonly declarations: readonly Declaration[];
}

/** Plans what apps need for the backends and namespaces of this proxy, and does it. May be called at any time and at once. */
export class NeedsPlanning {
  readonly #namespaces: DeclaredNamespaces;
  readonly #backends: { list(): readonly BackendView[] };

  constructor(namespaces: DeclaredNamespaces, backends: { list(): readonly BackendView[] }) {
    this.#namespaces = namespaces;
    this.#backends = backends;
  }

  /** Throws INVALID_FIELD with everything that is wrong with the needs. */
  async plan(needs: AppNeeds, consent: Consent): Promise<adminv1.NeedsPlan> {
    const { plan } = await this.#plan(needs, consent);
    return { ...plan, namespaces: await Promise.all(plan.namespaces.map((one) => this.#compared(one))) };
  }

  /**
   * Does what the needs come to, all or none. `etag`: of the plan that is meant; empty: any. Throws like `plan`, PLAN_REFUSED,
   * ETAG_MISMATCH, and like a change of namespaces.
   */
  async apply(needs: AppNeeds, { etag, ...consent }: Consent & { readonly etag: string }): Promise<AppliedNeeds> {
    for (let attempt = 1; ; attempt++) {
      const { plan, declarations } = await this.#plan(needs, consent);
      refuseWhole(plan);
      if (declarations.length === 0) return { plan, changed: [] };
      if (etag !== "" && etag !== plan.etag) throw stale();
      const options = { validateOnly: false, allowDataLoss: consent.allowDataLoss, isExact: true };
      try {
        await this.#namespaces.changes.apply(declarations, options);
        return { plan, changed: declarations.map(({ name }) => name) };
      } catch (error) {
        const isLate = error instanceof GatewayError && error.reason === "ETAG_MISMATCH";
        if (!isLate || etag !== "" || attempt >= attemptsMax) throw error;
      }
    }
  }

  /** What a namespace keeps of messages. Throws INVALID_FIELD when the file that keeps them cannot be read. */
  async schemaOf(name: string): Promise<SchemaState> {
    const { NeedsError } = await import("@prism-data/planner");
    return await this.#schemaOf(name).catch((error: Error) => {
      throw error instanceof NeedsError ? wrongNeeds(error.problems) : error;
    });
  }

  async #schemaOf(name: string): Promise<SchemaState> {
    const { config } = this.#namespaces;
    const namespace = config.namespaces.get(name);
    const { stored } = this.#namespaces.find(name) ?? {};
    if (namespace === undefined || stored !== undefined) return schemaOfStored(namespace ?? {}, stored?.schema);
    return await schemaOfFile(namespace, config.workingDir);
  }

  async #plan(needs: AppNeeds, consent: Consent): Promise<Planned> {
    // Loaded here, because nothing else waits for it.
    const { factsOf, namespaceOf, NeedsError, planNamespaces, readAppNeeds } = await import("@prism-data/planner");
    const { config } = this.#namespaces;
    const views = new Map(this.#backends.list().map((view) => [view.name, view]));
    const disabled = [...config.disabledBackends.values()].map(({ backend }) => backend);
    const offers = [...config.backends.values(), ...disabled].map((one) =>
      runningOffer(one, views.get(one.name), factsOf),
    );
    try {
      const { written, unused, schema } = readAppNeeds(needs);
      const namespaces = new Map([...config.namespaces].map(([name, one]) => [name, plannedEntry(one)]));
      const kept = written.map(namespaceOf).map(async (name) => [name, await this.#schemaOf(name)] as const);
      const schemas = new Map(await Promise.all(kept));
      const deleted = this.#deleted();
      const planned = planNamespaces({ written, offers, namespaces, deleted, schema, schemas, ...consent });
      const declarations = planned.flatMap((one, index) => this.#declarations(one, `plan.namespaces[${index}]`));
      const plan = planMessage({ planned, unused });
      return { plan: { ...plan, etag: etagOf(plan, declarations) }, declarations };
    } catch (error) {
      if (error instanceof NeedsError) throw wrongNeeds(error.problems);
      throw error;
    }
  }

  /** What can be restored, each with how long. */
  #deleted(): ReadonlyMap<string, string> {
    const all = this.#namespaces.list({ showDeleted: true });
    return new Map(all.filter(({ state }) => state === "deleted").map(({ name, detail }) => [name, detail]));
  }

  /** What would be declared to do what is planned; nothing when nothing is to be done. */
  #declarations({ needs, action, entry, schema }: PlannedNamespace, field: string): readonly Declaration[] {
    if (entry === undefined || action.kind === "keep" || action.kind === "refuse") return [];
    const { namespace: name } = needs;
    const { declaration: before = {}, stored } = this.#namespaces.find(name) ?? {};
    const declaration = withPlanned(before, entryJson(entry));
    const kept = schema && { schema: { message: schema.message, files: schema.files } };
    return [{ name, declaration, etag: stored?.etag ?? "", field, ...kept }];
  }

  /** With what the backend has otherwise than declared now. */
  async #compared(planned: adminv1.PlannedNamespace): Promise<adminv1.PlannedNamespace> {
    try {
      return { ...planned, drift: [...(await this.#namespaces.compare(planned.namespace))] };
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return { ...planned, warnings: [...planned.warnings, `its backend was not asked: ${error.message}`] };
    }
  }
}

/** The same whenever the same would be done to the same. */
function etagOf({ namespaces }: adminv1.NeedsPlan, declarations: readonly Declaration[]): string {
  const actions = namespaces.map(({ namespace, action }) => [namespace, action]);
  return createHash("sha256")
    .update(JSON.stringify([actions, declarations]))
    .digest("base64url")
    .slice(0, 22);
}

function refuseWhole({ namespaces }: adminv1.NeedsPlan): void {
  const refused = namespaces.filter(({ action }) => action?.kind === "refuse");
  if (refused.length === 0) return;
  const reasons = refused.map(({ namespace, action }) => `${JSON.stringify(namespace)}: ${action?.reason}`);
  const metadata = { namespace: refused.map(({ namespace }) => namespace).join(",") };
  throw new GatewayError("PLAN_REFUSED", `Nothing was changed: ${reasons.join("; ")}.`, { metadata });
}

function stale(): GatewayError {
  const text = "Nothing was changed: the plan is stale, because something was changed since it was made. Plan again.";
  return new GatewayError("ETAG_MISMATCH", text);
}

function wrongNeeds(problems: readonly { readonly at: string; readonly message: string }[]): GatewayError {
  const text = problems.map(({ at, message }) => `${at}: ${message}`).join("; ");
  return new GatewayError("INVALID_FIELD", `${text}.`, {
    fieldViolations: problems.map(({ at, message }) => ({ field: at, description: message })),
  });
}
