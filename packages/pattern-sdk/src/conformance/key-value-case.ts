import type { KeyValueCapability } from "../capability.js";
import type { KeyValueClient } from "./key-value-client.js";
import type { KeyValueSubject } from "./key-value-subject.js";

/** Something that every key-value plugin must do, or every one that declares the capabilities that it needs. */
export interface KeyValueCase {
  /** What must hold, as a sentence, after the name of its group. Unique. */
  readonly name: string;
  /** The capabilities without which the case says nothing. */
  readonly needs: readonly KeyValueCapability[];
  /** Rejects, with an `AssertionError` that says what was wrong, when the subject does not do it. Uses namespaces of its own. */
  run(subject: KeyValueSubject): Promise<void>;
}

/** The body of a case: a fresh namespace, and the plugin that it is on. */
type Body = (kv: KeyValueClient, subject: KeyValueSubject) => Promise<void>;

/** Makes the cases of one group; each runs on a fresh namespace. */
export function casesOf(
  group: string,
  needs: readonly KeyValueCapability[],
  bodies: Readonly<Record<string, Body>>,
): KeyValueCase[] {
  return Object.entries(bodies).map(([name, body]) => ({
    name: `${group}: ${name}`,
    needs,
    run: async (subject) => body(await subject.namespace(), subject),
  }));
}

/** Whether a plugin with these capabilities must pass a case. `ordered_scan` includes `scan`. */
export function applies({ needs }: Pick<KeyValueCase, "needs">, declared: readonly KeyValueCapability[]): boolean {
  return needs.every(
    (capability) => declared.includes(capability) || (capability === "scan" && declared.includes("ordered_scan")),
  );
}
