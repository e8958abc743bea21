import type { PatternClient } from "./pattern-client.js";
import type { Subject } from "./subject.js";

/** Something that every plugin with a pattern must do, or every one that declares the capabilities that it needs. */
export interface ConformanceCase<S extends Subject = Subject> {
  /** What must hold, as a sentence, after the name of its group. Unique within the pattern. */
  readonly name: string;
  /** The capabilities without which the case says nothing. */
  readonly needs: readonly string[];
  /** Rejects, with an `AssertionError` that says what was wrong, when the subject does not do it. Uses namespaces of its own. */
  run(subject: S): Promise<void>;
}

/** The typed client of a pattern's subject. */
export type ClientOf<S extends Subject> = S extends Subject<infer Client extends PatternClient> ? Client : never;

/** The body of a case: a fresh namespace, and the plugin that it is on. */
type Body<S extends Subject> = (client: ClientOf<S>, subject: S) => Promise<void>;

/** Makes the cases of one group; each runs on a fresh namespace. Each pattern has it for its own subject. */
export function conformanceCases<S extends Subject, Capability extends string = string>(
  group: string,
  needs: readonly Capability[],
  bodies: Readonly<Record<string, Body<S>>>,
): ConformanceCase<S>[] {
  return Object.entries(bodies).map(([name, body]) => ({
    name: `${group}: ${name}`,
    needs,
    run: async (subject) => body((await subject.namespace()) as ClientOf<S>, subject),
  }));
}
