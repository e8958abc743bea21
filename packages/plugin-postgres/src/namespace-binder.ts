import { type Binding, type Bound, isBackendAway, type PatternBinder } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { durabilityOf } from "./durability.js";
import { makeInTables, planInTables } from "./missing-tables.js";
import { Namespace } from "./namespace.js";
import type { Namespaces } from "./namespaces.js";
import { done, planned, type Verbs } from "./verbs.js";

/** What the binder of a pattern is made of. */
export interface NamespaceBinderOptions<P, Options> {
  readonly connection: Connection;
  readonly namespaces: Namespaces;
  /** What calls may use whatever the namespace needs. Default: what it needs. */
  readonly capabilities?: readonly string[];
  /** Makes what a namespace needs beside its row, unless it is there. Throws when it cannot be. Default: nothing. */
  readonly prepare?: (id: number, binding: Binding<Options>) => Promise<void>;
  /** Says what `prepare` makes or changes of a namespace that is there. Throws when it cannot be bound so. Default: nothing. */
  readonly compare?: (id: number, binding: Binding<Options>, verbs: Verbs) => Promise<readonly string[]>;
  /** Makes the pattern on a namespace. */
  readonly make: (
    namespace: Namespace,
    binding: Binding<Options>,
  ) => Pick<Bound<P>, "pattern" | "storageBytes" | "close">;
}

/** The binder of a pattern whose namespaces are rows of tables that all share. */
export function namespaceBinder<P, Options>({
  connection,
  namespaces,
  capabilities,
  prepare = async () => {},
  compare = async () => [],
  make,
}: NamespaceBinderOptions<P, Options>): PatternBinder<P, Options> {
  /** What this process has bound, by name. */
  const bindings = new Map<string, Namespace>();
  const emptyNamespace = "an empty namespace in PostgreSQL";
  return {
    async bind(binding) {
      let changes: readonly string[] = [];
      const namespace = new Namespace(namespaces, binding.namespace, async (id) => {
        changes = await compare(id, binding, done);
        await prepare(id, binding);
      });
      const made = make(namespace, binding);
      bindings.set(binding.namespace, namespace);
      const bound = {
        ...made,
        ...(capabilities === undefined ? {} : { capabilities }),
        durability: () => durabilityOf(connection),
        async close() {
          if (bindings.get(binding.namespace) === namespace) bindings.delete(binding.namespace);
          await made.close?.();
        },
      };
      const makeNamespace = async () => ((await namespace.make()) ? [`${done.make} ${emptyNamespace}`] : changes);
      try {
        return { ...bound, changes: await makeInTables(connection, makeNamespace) };
      } catch (error) {
        // PostgreSQL may be away: then the namespace is made when it is back. Everything else that goes wrong fails the bind.
        if (!isBackendAway(error)) {
          await bound.close();
          throw error;
        }
        return { ...bound, changes: ["PostgreSQL does not answer now; the namespace is made when it does"] };
      }
    },
    plan(binding) {
      const made = `${planned.make} ${emptyNamespace}`;
      const planNamespace = async () => {
        const id = await namespaces.idOf(binding.namespace);
        if (id === undefined) return [made];
        const known = bindings.get(binding.namespace)?.id;
        if (known !== undefined && known !== id) return ["would go on with the namespace that was made in its place"];
        return compare(id, binding, planned);
      };
      return planInTables(connection, planNamespace, made);
    },
    async deleteData(namespace) {
      const removed = await namespaces.delete(namespace);
      return removed === undefined ? [] : [`removed the namespace and ${removed} rows of it from PostgreSQL`];
    },
  };
}
