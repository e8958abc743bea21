import type { Binding, PatternBinder } from "@prism-data/pattern-sdk";
import type { Store } from "./store.js";

/** A pattern on one namespace. */
interface BoundPattern<Options> {
  /** Goes on with other options, also for what is there. */
  configure(binding: Binding<Options>): void;
  close(): void | Promise<void>;
}

/** What a pattern is in the file. */
export interface BoundRows<Pattern, Options> {
  /** For people, such as "queue". */
  readonly what: string;
  /** For people: what it holds, such as "messages". */
  readonly content: string;
  /** What a namespace has whatever it needs, because it costs nothing until it is used. Default: what it needs. */
  readonly capabilities?: readonly string[];
  /** Throws when what is there does not fit the binding; says whether there is something. */
  isThere(namespaceId: number, binding: Binding<Options>): boolean;
  /** Makes it unless it is there, and keeps its options in the file. Runs inside a transaction. */
  make(namespaceId: number, binding: Binding<Options>): void;
  open(namespaceId: number, binding: Binding<Options>): Pattern;
}

/** Makes namespaces of one pattern real: rows of the backend's file. */
export function namespaceBinder<Pattern extends BoundPattern<Options>, Options>(
  store: Store,
  { what, content, capabilities, isThere, make, open }: BoundRows<Pattern, Options>,
): PatternBinder<Pattern, Options> {
  const { file, commits, namespaces } = store;
  const bound = new Map<string, Pattern>();
  const has = (binding: Binding<Options>) =>
    file.read(() => {
      const id = namespaces.idOf(binding.namespace);
      return id !== undefined && isThere(id, binding);
    });
  return {
    async bind(binding) {
      const { namespace } = binding;
      const changes = has(binding) ? [] : [`made an empty ${what} in ${file.path}`];
      const id = await commits.submit({
        apply: () => {
          const made = namespaces.make(namespace);
          isThere(made, binding);
          make(made, binding);
          return made;
        },
      });
      const before = bound.get(namespace);
      before?.configure(binding);
      const pattern = before ?? open(id, binding);
      bound.set(namespace, pattern);
      const close = () => {
        bound.delete(namespace);
        return pattern.close();
      };
      return { pattern, capabilities, changes, close };
    },
    plan: (binding) => (has(binding) ? [] : [`would make an empty ${what} in ${file.path}`]),
    deleteData: async (namespace) =>
      (await store.removeNamespace(namespace)) ? [`removed the ${what} and all its ${content} from ${file.path}`] : [],
  };
}
