import type { Binding, PatternBinder } from "@prism-data/pattern-sdk";
import type { Store } from "./store.js";

/** A pattern on one namespace. */
interface BoundPattern<Options> {
  /** Goes on with other options, also for what is there. */
  configure(binding: Binding<Options>): void;
  close(): void | Promise<void>;
}

/** Options that the file holds; durations in ms, sizes in bytes. */
type KeptOptions = Readonly<Record<string, number | boolean | undefined>>;

/** What a pattern is in the file. */
export interface BoundRows<Pattern, Options> {
  /** For people, such as "queue". */
  readonly what: string;
  /** For people: what it holds, such as "messages". */
  readonly content: string;
  /** What a namespace has whatever it needs, because it costs nothing until it is used. Default: what it needs. */
  readonly capabilities?: readonly string[];
  /** The options that it is kept with, by the names that operators write. `undefined`: it is not there. Throws when it does not fit. */
  kept(namespaceId: number, binding: Binding<Options>): KeptOptions | undefined;
  /** The options that it is to be kept with. */
  wanted(options: Options): KeptOptions;
  /** Makes it unless it is there, and keeps its options in the file. Runs inside a transaction. */
  make(namespaceId: number, binding: Binding<Options>): void;
  open(namespaceId: number, binding: Binding<Options>): Pattern;
}

/** Makes namespaces of one pattern real: rows of the backend's file. */
export function namespaceBinder<Pattern extends BoundPattern<Options>, Options>(
  store: Store,
  { what, content, capabilities, kept, wanted, make, open }: BoundRows<Pattern, Options>,
): PatternBinder<Pattern, Options> {
  const { file, commits, namespaces } = store;
  const bound = new Map<string, { readonly id: number; readonly pattern: Pattern }>();
  /** What a bind does to the file, in the words for making and changing. */
  const changesOf = (binding: Binding<Options>, made: string, changed: string): string[] => {
    const id = file.read(() => namespaces.idOf(binding.namespace));
    const before = id === undefined ? undefined : file.read(() => kept(id, binding));
    if (before === undefined) return [`${made} an empty ${what} in ${file.path}`];
    const differences = differencesOf(before, wanted(binding.options));
    return differences.length === 0 ? [] : [`${changed} the ${what} in ${file.path}: ${differences.join(", ")}`];
  };
  return {
    async bind(binding) {
      const { namespace } = binding;
      const changes = changesOf(binding, "made", "changed");
      const id = await commits.submit({
        apply: () => {
          const made = namespaces.make(namespace);
          kept(made, binding);
          make(made, binding);
          return made;
        },
      });
      const before = bound.get(namespace);
      // One that somebody removed and that was made again has nothing of the old one.
      const same = before?.id === id ? before.pattern : undefined;
      same?.configure(binding);
      const pattern = same ?? open(id, binding);
      bound.set(namespace, { id, pattern });
      const close = () => {
        if (bound.get(namespace)?.pattern === pattern) bound.delete(namespace);
        return pattern.close();
      };
      return { pattern, capabilities, changes, storageBytes: () => store.storedBytes(id), close };
    },
    plan(binding) {
      file.requireInPlace();
      return changesOf(binding, "would make", "would change");
    },
    deleteData: async (namespace) =>
      (await store.removeNamespace(namespace)) ? [`removed the ${what} and all its ${content} from ${file.path}`] : [],
  };
}

/** Each option that is not the same, such as `retention_period 3600000 -> none`. */
function differencesOf(before: KeptOptions, after: KeptOptions): string[] {
  const changed = Object.keys(after).filter((name) => before[name] !== after[name]);
  return changed.map((name) => `${name} ${before[name] ?? "none"} -> ${after[name] ?? "none"}`);
}
