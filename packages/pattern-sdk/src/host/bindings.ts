import { GatewayError } from "../errors.js";
import type { KeyValue } from "../patterns/key-value.js";
import type { Bound, PatternBinder } from "../plugin.js";
import type { BoundNamespace } from "../protocol/key-value/bound-namespace.js";
import { checkMethods } from "../protocol/key-value/capability-methods.js";
import type { KeyValueBounds } from "../protocol/key-value/key-value-bounds.js";

/** A namespace to be bound, decided in every respect. */
export interface BindingPlan {
  readonly namespace: string;
  readonly capabilities: ReadonlySet<string>;
  readonly bounds: KeyValueBounds;
  readonly plugin: string;
}

interface LiveBinding {
  readonly visible: BoundNamespace;
  /** What was asked for, to tell a repeated bind from a changed one. */
  readonly asked: ReadonlySet<string>;
  readonly made: Bound<KeyValue>;
  readonly closing: AbortController;
}

/** The namespaces that are bound to this process. Work on one namespace is done one after the other. */
export class Bindings {
  readonly #live = new Map<string, LiveBinding>();
  readonly #turns = new Map<string, Promise<unknown>>();

  find(namespace: string): BoundNamespace | undefined {
    return this.#live.get(namespace)?.visible;
  }

  /** Binds a namespace, or changes its binding; returns what was made and what calls may use. */
  bind(
    binder: PatternBinder<KeyValue>,
    plan: BindingPlan,
  ): Promise<{ changes: readonly string[]; capabilities: readonly string[] }> {
    return this.#inTurn(plan.namespace, async () => {
      const before = this.#live.get(plan.namespace);
      if (before !== undefined && sameMembers(before.asked, plan.capabilities)) {
        return { changes: [], capabilities: [...before.visible.capabilities] };
      }
      const { namespace, capabilities } = plan;
      const after = liveBinding(await binder.bind({ namespace, capabilities }), plan);
      this.#live.set(namespace, after);
      if (before !== undefined) await replaced(before, after);
      return { changes: after.made.changes ?? [], capabilities: [...after.visible.capabilities] };
    });
  }

  /** Says what `bind` would make. */
  plan(binder: PatternBinder<KeyValue>, { namespace, capabilities }: BindingPlan): Promise<readonly string[]> {
    return this.#inTurn(namespace, async () => (await binder.plan?.({ namespace, capabilities })) ?? []);
  }

  /** Forgets a namespace, and with `deleteData` its data too; returns what was removed. */
  unbind(binder: PatternBinder<KeyValue>, namespace: string, deleteData: boolean): Promise<readonly string[]> {
    return this.#inTurn(namespace, async () => {
      const binding = this.#live.get(namespace);
      this.#live.delete(namespace);
      if (binding !== undefined) await close(binding, unbound(namespace));
      const removed = deleteData ? await binder.deleteData(namespace) : [];
      return removed ?? ["removed all data"];
    });
  }

  /** Ends whatever runs for as long as its binding does, such as watches. The namespaces stay. */
  endWatches(reason: GatewayError): void {
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

function liveBinding(made: Bound<KeyValue>, { namespace, capabilities, bounds, plugin }: BindingPlan): LiveBinding {
  const effective = new Set([...capabilities, ...(made.capabilities ?? [])]);
  if (effective.has("ordered_scan")) effective.add("scan");
  checkMethods(made.pattern, effective, plugin);
  const closing = new AbortController();
  const visible = { namespace, pattern: made.pattern, capabilities: effective, bounds, closed: closing.signal };
  return { visible, asked: capabilities, made, closing };
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

function sameMembers(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((member) => other.has(member));
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
    `Namespace ${JSON.stringify(namespace)} was configured anew. Watch again.`,
  );
}
