import type { Binding, Bound, PatternBinder } from "@prism-data/pattern-sdk";
import { endpointOf } from "./config.js";
import { durabilityOf } from "./durability.js";
import { requireNoEviction } from "./eviction.js";
import type { Opened } from "./opened.js";
import { PatternSpace, type PatternSpaceOptions } from "./pattern-space.js";
import { prepared } from "./prepared.js";

/** What the binder of a messaging pattern is made of. */
export interface NamespaceBinderOptions<P, Options> {
  readonly opened: Opened;
  readonly pattern: PatternSpaceOptions["pattern"];
  /** What calls may use whatever the namespace needs. Default: what it needs. */
  readonly capabilities?: readonly string[];
  /** Makes what a namespace needs beyond its first message, unless it is there. Throws when it cannot be. Default: nothing. */
  readonly prepare?: (space: PatternSpace, binding: Binding<Options>) => Promise<readonly string[]>;
  /** Says what `prepare` would make. Default: nothing. */
  readonly plan?: (space: PatternSpace, binding: Binding<Options>) => Promise<readonly string[]>;
  /** Makes the pattern on a namespace. */
  readonly make: (space: PatternSpace, binding: Binding<Options>) => Pick<Bound<P>, "pattern" | "close">;
  /** Removes every trace of a namespace; returns whether there was anything. */
  readonly remove: (space: PatternSpace) => Promise<boolean>;
}

/** The binder of a pattern whose namespaces are a few names on the server. */
export function namespaceBinder<P, Options>({
  opened,
  pattern,
  capabilities,
  prepare = async () => [],
  plan = async () => [],
  make,
  remove,
}: NamespaceBinderOptions<P, Options>): PatternBinder<P, Options> {
  const { connection, settings } = opened;
  const { database } = endpointOf(settings.url);
  const spaceOf = (namespace: string) =>
    new PatternSpace({ prefix: settings.key_prefix, pattern, database, namespace });
  return {
    async bind(binding) {
      const space = spaceOf(binding.namespace);
      const changes = await prepared(async () => {
        await requireNoEviction(connection, "any");
        return prepare(space, binding);
      });
      return {
        ...make(space, binding),
        changes,
        durability: () => durabilityOf(connection),
        ...(capabilities === undefined ? {} : { capabilities }),
      };
    },
    async plan(binding) {
      await requireNoEviction(connection, "any");
      return plan(spaceOf(binding.namespace), binding);
    },
    async deleteData(namespace) {
      return (await remove(spaceOf(namespace))) ? ["removed the namespace's names from Redis"] : [];
    },
  };
}
