import { isDeepStrictEqual } from "node:util";
import { type Durability, durabilityMissingError, type GivenDurability, isDurableEnough } from "../durability.js";
import { GatewayError } from "../errors.js";
import { checkMethods } from "../patterns/check-methods.js";
import { type PatternKind, withIncluded } from "../patterns/pattern-kind.js";
import type { SizeLimits } from "../patterns/size-limits.js";
import type { Binding, Bound, PatternBinder } from "../plugin.js";
import type { BoundNamespace } from "../protocol/pattern/bound-namespace.js";
import { isBackendAway } from "../server-link/link-errors.js";
import { askedChanges, asksTheSame } from "./binding-changes.js";

/** A binder, whatever its pattern is. */
export type AnyBinder = PatternBinder<object, unknown>;

/** A namespace to be bound, decided in every respect. */
export interface BindingPlan extends Binding<unknown> {
  readonly kind: PatternKind;
  /** The options as the operator wrote them. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly bounds: object;
  readonly sizeLimits: SizeLimits;
  /** What the pattern's description says. */
  readonly durability: Durability;
  /** The least that an acknowledged write must survive. `undefined`: anything goes. */
  readonly neededDurability: Durability | undefined;
  readonly plugin: string;
}

/** What became of a bind. */
export interface BindingResult {
  readonly changes: readonly string[];
  readonly capabilities: readonly string[];
  readonly durability: Durability;
}

interface LiveBinding {
  readonly visible: BoundNamespace;
  /** What was asked for, to tell a repeated bind from a changed one. */
  readonly plan: BindingPlan;
  readonly made: Bound<object>;
  readonly durability: Durability;
  readonly closing: AbortController;
}

/** Namespaces whose storage is asked for side by side. */
const countedAtOnceMax = 16;

/** The namespaces that are bound to this process. Work on one namespace is done one after the other. */
export class Bindings {
  readonly #live = new Map<string, LiveBinding>();
  readonly #turns = new Map<string, Promise<unknown>>();

  find(namespace: string): BoundNamespace | undefined {
    return this.#live.get(namespace)?.visible;
  }

  /** Binds a namespace, or changes its binding; returns what was made and what calls may use. */
  bind(binder: AnyBinder, plan: BindingPlan): Promise<BindingResult> {
    return this.#inTurn(plan.namespace, async () => {
      const before = this.#live.get(plan.namespace);
      if (before !== undefined) refuseOtherPattern(before.plan, plan);
      const asked = before === undefined ? [] : askedChanges("changed", before.plan, plan);
      const isSame = before !== undefined && asksTheSame(before.plan, plan);
      if (isSame && !(await hasDrifted(binder, plan))) {
        const after = withLimits({ ...before, durability: await durabilityNow(before, plan) }, plan);
        this.#live.set(plan.namespace, after);
        return resultOf(after, asked);
      }
      const after = await madeBinding(binder, plan, before);
      this.#live.set(plan.namespace, after);
      if (before !== undefined) await replaced(before, after);
      return resultOf(after, after.made.changes?.length ? after.made.changes : asked);
    });
  }

  /** Says what `bind` would make or change. Throws what `bind` would, as far as that is known before. */
  plan(binder: AnyBinder, plan: BindingPlan): Promise<readonly string[]> {
    return this.#inTurn(plan.namespace, async () => {
      const before = this.#live.get(plan.namespace);
      if (before !== undefined) refuseOtherPattern(before.plan, plan);
      const changes = (await binder.plan?.(bindingOf(plan))) ?? [];
      if (before === undefined) return changes;
      if (plan.neededDurability !== undefined) await sufficientDurability(before.made, plan);
      return changes.length > 0 ? changes : askedChanges("would change", before.plan, plan);
    });
  }

  /** Forgets a namespace of this pattern, and with `deleteData` its data too; returns what was removed. */
  unbind(
    binder: AnyBinder,
    { namespace, kind, deleteData }: { namespace: string; kind: PatternKind; deleteData: boolean },
  ): Promise<readonly string[]> {
    return this.#inTurn(namespace, async () => {
      const binding = this.#live.get(namespace);
      if (binding?.plan.kind === kind) {
        this.#live.delete(namespace);
        await close(binding, unbound(namespace));
      }
      const removed = deleteData ? await binder.deleteData(namespace) : [];
      return removed ?? ["removed all data"];
    });
  }

  /** What namespaces hold, those left out that are not bound here or cannot be counted now. */
  async storageBytes(namespaces: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counted = new Map<string, number>();
    for (let start = 0; start < namespaces.length; start += countedAtOnceMax) {
      const some = namespaces.slice(start, start + countedAtOnceMax);
      const counts = await Promise.all(some.map((namespace) => countOf(this.#live.get(namespace)?.made)));
      for (const [index, bytes] of counts.entries()) if (bytes !== undefined) counted.set(some[index]!, bytes);
    }
    return counted;
  }

  /** Ends whatever runs for as long as its binding does, such as watches and subscriptions. The namespaces stay. */
  endStreams(reason: GatewayError): void {
    for (const { closing } of this.#live.values()) closing.abort(reason);
  }

  /** Forgets every namespace; data stays. */
  async closeAll(reason: GatewayError): Promise<void> {
    const bindings = [...this.#live.values()];
    this.#live.clear();
    await Promise.all(bindings.map((binding) => close(binding, reason)));
  }

  /** The length of the line is bounded by how many calls the connection may have open. */
  async #inTurn<T>(namespace: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(namespace) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#turns.set(namespace, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(namespace) === turn) this.#turns.delete(namespace);
    }
  }
}

function bindingOf({ namespace, capabilities, options }: BindingPlan): Binding<unknown> {
  return { namespace, capabilities, options };
}

/** Whether the data system has what an earlier bind has made in another state. One that is away is taken to be as it was. */
async function hasDrifted(binder: AnyBinder, plan: BindingPlan): Promise<boolean> {
  try {
    const changes = (await binder.plan?.(bindingOf(plan))) ?? [];
    return changes.length > 0;
  } catch (error) {
    if (isBackendAway(error)) return false;
    throw error;
  }
}

/** What does not keep the plan is closed again, unless it is what serves now. */
async function madeBinding(
  binder: AnyBinder,
  plan: BindingPlan,
  before: LiveBinding | undefined,
): Promise<LiveBinding> {
  const made = await binder.bind(bindingOf(plan));
  try {
    return liveBinding(made, plan, await sufficientDurability(made, plan));
  } catch (error) {
    if (made.pattern !== before?.made.pattern) await made.close?.();
    throw error;
  }
}

async function sufficientDurability(made: Bound<object>, plan: BindingPlan): Promise<Durability> {
  const given = await givenDurability(made, plan);
  const { namespace, neededDurability: needed } = plan;
  if (needed === undefined || isDurableEnough(given.durability, needed)) return given.durability;
  throw durabilityMissingError(namespace, needed, given);
}

/** What a bound namespace gets now: its data system may be set otherwise since. One that is away is taken to be as it was. */
async function durabilityNow({ made, durability }: LiveBinding, plan: BindingPlan): Promise<Durability> {
  try {
    return await sufficientDurability(made, plan);
  } catch (error) {
    if (isBackendAway(error)) return durability;
    throw error;
  }
}

async function givenDurability(made: Bound<object>, plan: BindingPlan): Promise<GivenDurability> {
  const described = { durability: plan.durability };
  try {
    return (await made.durability?.()) ?? described;
  } catch (error) {
    // A data system that is away is no failure to a namespace that takes what it gets.
    if (isBackendAway(error) && plan.neededDurability === undefined) return described;
    throw error;
  }
}

async function countOf(made: Bound<object> | undefined): Promise<number | undefined> {
  try {
    return await made?.storageBytes?.();
  } catch (error) {
    if (isBackendAway(error)) return undefined;
    throw error;
  }
}

function liveBinding(made: Bound<object>, plan: BindingPlan, durability: Durability): LiveBinding {
  const { namespace, kind, bounds, sizeLimits, options, plugin } = plan;
  const { pattern } = made;
  const capabilities = new Set(withIncluded(kind, [...plan.capabilities, ...(made.capabilities ?? [])]));
  checkMethods(kind, { pattern, capabilities, plugin });
  const closing = new AbortController();
  const visible = { namespace, kind, pattern, capabilities, bounds, sizeLimits, options, closed: closing.signal };
  return { visible, plan, made, durability, closing };
}

/** What sizes are allowed concerns the SDK alone: the binder's work and the calls under way go on. */
function withLimits(before: LiveBinding, plan: BindingPlan): LiveBinding {
  if (isDeepStrictEqual(before.plan.sizeLimits, plan.sizeLimits)) return before;
  return { ...before, plan, visible: { ...before.visible, sizeLimits: plan.sizeLimits } };
}

function resultOf({ visible, durability }: LiveBinding, changes: readonly string[]): BindingResult {
  return { changes, capabilities: [...visible.capabilities], durability };
}

/** Ends the older of two bindings; a binder that gave the same pattern again means to go on with it. */
async function replaced(before: LiveBinding, after: LiveBinding): Promise<void> {
  before.closing.abort(rebound(before.visible.namespace));
  if (before.made.pattern !== after.made.pattern) await before.made.close?.();
}

async function close({ closing, made }: LiveBinding, reason: GatewayError): Promise<void> {
  closing.abort(reason);
  await made.close?.();
}

/** Invariant: a namespace of one process has one pattern. */
function refuseOtherPattern({ namespace, kind }: BindingPlan, asked: BindingPlan): void {
  if (kind === asked.kind) return;
  throw new GatewayError(
    "PATTERN_MISMATCH",
    `Namespace ${JSON.stringify(namespace)} is bound with the pattern ${kind.name}, so it cannot be bound with ${asked.kind.name}. Unbind it first.`,
    { metadata: { namespace, pattern: kind.name } },
  );
}

function unbound(namespace: string): GatewayError {
  return new GatewayError(
    "NAMESPACE_UNAVAILABLE",
    `Namespace ${JSON.stringify(namespace)} was taken out of the configuration.`,
  );
}

function rebound(namespace: string): GatewayError {
  return new GatewayError(
    "NAMESPACE_UNAVAILABLE",
    `Namespace ${JSON.stringify(namespace)} was configured anew. Start the call again.`,
  );
}
