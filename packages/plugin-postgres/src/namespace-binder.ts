import { type Binding, type Bound, GatewayError, type PatternBinder } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { durabilityOf } from "./durability.js";
import { Namespace } from "./namespace.js";
import type { Namespaces } from "./namespaces.js";

/** What the binder of a pattern is made of. */
export interface NamespaceBinderOptions<P, Options> {
  readonly connection: Connection;
  readonly namespaces: Namespaces;
  /** What calls may use whatever the namespace needs. Default: what it needs. */
  readonly capabilities?: readonly string[];
  /** Makes what a namespace needs beside its row, unless it is there. Throws when it cannot be. Default: nothing. */
  readonly prepare?: (id: number, binding: Binding<Options>) => Promise<void>;
  /** Throws when a namespace that is there cannot be bound so. Default: it always can. */
  readonly check?: (id: number, binding: Binding<Options>) => Promise<void>;
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
  prepare,
  check,
  make,
}: NamespaceBinderOptions<P, Options>): PatternBinder<P, Options> {
  return {
    async bind(binding) {
      const namespace = new Namespace(
        namespaces,
        binding.namespace,
        (id) => prepare?.(id, binding) ?? Promise.resolve(),
      );
      const bound = {
        ...make(namespace, binding),
        ...(capabilities === undefined ? {} : { capabilities }),
        durability: () => durabilityOf(connection),
      };
      try {
        const changes = (await namespace.make()) ? ["made an empty namespace in PostgreSQL"] : [];
        return { ...bound, changes };
      } catch (error) {
        // PostgreSQL may be away: then the namespace is made when it is back. Everything else that goes wrong fails the bind.
        if (!(error instanceof GatewayError) || error.reason !== "BACKEND_UNAVAILABLE") {
          await bound.close?.();
          throw error;
        }
        return { ...bound, changes: ["PostgreSQL does not answer now; the namespace is made when it does"] };
      }
    },
    async plan(binding) {
      const id = await namespaces.idOf(binding.namespace);
      if (id === undefined) return ["would make an empty namespace in PostgreSQL"];
      await check?.(id, binding);
      return [];
    },
    async deleteData(namespace) {
      const removed = await namespaces.delete(namespace);
      return removed === undefined ? [] : [`removed the namespace and ${removed} rows of it from PostgreSQL`];
    },
  };
}
