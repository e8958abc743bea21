import assert from "node:assert/strict";
import type { GatewayError } from "../../errors.js";
import type { Reason } from "../../reasons.js";
import { type ClientOf, type ConformanceCase, conformanceCases } from "../conformance-case.js";
import { failureOf } from "../expect-failure.js";
import type { PatternSuite } from "../pattern-suite.js";
import type { BindOptions, Subject } from "../subject.js";

/** Where the backend is that a namespace is on. */
export interface BackendPlace {
  /** What an operator would write under `settings`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The folder that relative paths in settings are relative to. */
  readonly workingDir: string;
}

/** What somebody may do by hand to what a namespace is on the data system. */
export interface Drift {
  /** After "somebody", such as "shortens the retention of the topic". */
  readonly does: string;
  /** What the namespace is bound with. Default: as others are. */
  readonly asked?: BindOptions;
  /** Does it to the data system, past the plugin. */
  make(namespace: string, backend: BackendPlace): unknown;
  /** What a plan must say of it. */
  readonly told: RegExp;
  /** Why a bind, and so a plan, refuses to put it right. Default: a bind puts it right. */
  readonly refusedAs?: Reason;
}

/** What holds of plans for namespaces that are bound. */
export function driftCases<S extends Subject>({ witness }: PatternSuite<S>): ConformanceCase<S>[] {
  return conformanceCases<S>("drift", [], {
    "a plan for what is bound has nothing to do, and for something else says what, and changes nothing": async (
      { namespace },
      subject,
    ) => {
      assert.deepEqual(await planned(subject, namespace), []);
      const asked = { sizeLimits: { valueBytes: 100, batchEntries: undefined } };
      const [told = ""] = await planned(subject, namespace, asked);
      assert.match(told, /limits\.value_size not set -> 100/);
      assert.deepEqual(await planned(subject, namespace), [], "the plan has changed nothing");
    },

    "what somebody changes by hand is told by a plan, which changes nothing, and put right by a bind or refused":
      async (_, subject) => {
        await Promise.all(
          subject.drifts.map(async (drift) => {
            const name = subject.freshName();
            await subject.bind(name, drift.asked);
            assert.deepEqual(await planned(subject, name, drift.asked), [], `before somebody ${drift.does}`);
            await drift.make(name, subject.backend);
            if (drift.refusedAs === undefined) await assertPutRight(subject, name, { drift, witness });
            else await assertRefused(subject, name, drift);
          }),
        );
      },
  });
}

async function assertPutRight<S extends Subject>(
  subject: S,
  name: string,
  { drift, witness }: { readonly drift: Drift } & Pick<PatternSuite<S>, "witness">,
): Promise<void> {
  const { does, asked, told } = drift;
  const changes = await planned(subject, name, asked);
  assert.match(changes.join("\n"), told, `what a plan tells when somebody ${does}`);
  assert.deepEqual(await planned(subject, name, asked), changes, `somebody ${does}: a plan changes nothing`);
  const bound = await subject.bind(name, asked);
  assert.match(bound.changes.join("\n"), told, `what a bind tells when somebody ${does}`);
  assert.deepEqual(await planned(subject, name, asked), [], `somebody ${does}: a bind puts it right`);
  const assertKept = await witness(subject.clientOf(name) as ClientOf<S>);
  await assertKept();
}

async function assertRefused(subject: Subject, name: string, drift: Drift): Promise<void> {
  for (const planOnly of [true, true, false]) {
    const refused: GatewayError = await failureOf(subject.bind(name, { ...drift.asked, planOnly }));
    assert.equal(refused.reason, drift.refusedAs, `somebody ${drift.does}: ${refused.message}`);
    assert.match(refused.message, drift.told);
  }
}

async function planned(subject: Subject, name: string, asked: BindOptions = {}): Promise<readonly string[]> {
  return (await subject.bind(name, { ...asked, planOnly: true })).changes;
}
