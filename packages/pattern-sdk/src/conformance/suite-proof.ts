import { AssertionError } from "node:assert";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GatewayError } from "../errors.js";
import type { PluginDefinition } from "../plugin.js";
import type { ConformanceCase } from "./conformance-case.js";
import type { Drift } from "./every-pattern/drift.js";
import { casesFor, type PatternSuite, restartCasesFor } from "./pattern-suite.js";
import type { Subject } from "./subject.js";

/** Stopping removes every namespace that the cases made. */
const lifecycleTimeoutMs = 60_000;

/** What plugins of the proof do by themselves they do soon, or never because they are broken. */
const backgroundMs = 3_000;

/** What a plugin does that breaks one promise, and the case that must notice. */
export interface Broken {
  /** What it does, after "a plugin that". */
  readonly does: string;
  /** The name of a case. */
  readonly caughtBy: string;
  /** What somebody does by hand to its namespaces. Default: nothing. */
  readonly drifts?: readonly Drift[];
}

/** What a plugin is made of, every part of it optional. */
interface AnyParts {
  /** Default: all. */
  readonly capabilities?: readonly never[] | undefined;
}

/** A suite, and what it is tried on. A broken plugin has a part that does not do its work. */
export interface SuiteProof<S extends Subject, Parts extends object> {
  readonly suite: PatternSuite<S>;
  /** Makes a durable plugin; without parts, one with these capabilities that keeps every promise. */
  readonly reference: (parts: Parts | AnyParts) => PluginDefinition;
  readonly broken: readonly (Broken & Parts)[];
  /** What the reference has. Default: every capability of the pattern. */
  readonly capabilities?: readonly string[];
  /** What an operator would write under `settings`. Default: nothing. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Registers the tests that prove a suite: it passes what is right, and catches whatever is broken. */
export function describeSuiteProof<S extends Subject, Parts extends object>(proof: SuiteProof<S, Parts>): void {
  const { suite, restartCases, start } = partsOf(proof);
  describePassing("a plugin that keeps its promises passes every case", casesFor(suite, suite.kind.capabilities), () =>
    start({}),
  );

  describe("a plugin that keeps its promises survives restarts", { concurrent: true }, () => {
    test.each(restartCases)("$name", async (one) => {
      const subject = await start({});
      await one.run(subject).finally(() => subject.stop());
    });
  });

  describeCaught(proof);
}

/** Registers those of the tests that a plugin does not pass anyway that runs the suite as its conformance test. */
export function describeCaught<S extends Subject, Parts extends object>(proof: SuiteProof<S, Parts>): void {
  const { suite, allCases, start } = partsOf(proof);
  test("every case has a name of its own", () => {
    expect(new Set(allCases.map(({ name }) => name)).size).toBe(allCases.length);
  });

  describePassing(`a plugin with ${suite.kind.minimum} alone passes`, casesFor(suite, []), () =>
    start({ capabilities: [] }),
  );

  describe("a plugin is caught that", { concurrent: true }, () => {
    test.each(proof.broken)("$does", async ({ caughtBy, drifts, ...parts }) => {
      const subject = await start(parts as unknown as Parts, drifts);
      const failure = await outcomeOf(caseNamed(allCases, caughtBy).run(subject)).finally(() => subject.stop());
      expect(isFinding(failure), `"${caughtBy}" ended with: ${failure}`).toBe(true);
    });
  });
}

function partsOf<S extends Subject, Parts extends object>(proof: SuiteProof<S, Parts>) {
  const { suite, reference, capabilities = suite.kind.capabilities, settings = {} } = proof;
  const restartCases = restartCasesFor(suite, { capabilities, durability: "backend" });
  const allCases = [...casesFor(suite, capabilities), ...restartCases];
  const start = (parts: Parts | AnyParts, drifts?: readonly Drift[]) =>
    suite.start({ plugin: reference(parts), placement: { kind: "in-process" }, settings, backgroundMs, drifts });
  return { suite, restartCases, allCases, start };
}

function describePassing<S extends Subject>(
  title: string,
  cases: readonly ConformanceCase<S>[],
  start: () => Promise<S>,
): void {
  describe(title, { concurrent: true }, () => {
    let subject: S;
    beforeAll(async () => {
      subject = await start();
    }, lifecycleTimeoutMs);
    afterAll(() => subject?.stop(), lifecycleTimeoutMs);
    for (const one of cases) test(one.name, () => one.run(subject));
  });
}

function caseNamed<S extends Subject>(cases: readonly ConformanceCase<S>[], name: string): ConformanceCase<S> {
  const found = cases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`There is no case named "${name}".`);
  return found;
}

async function outcomeOf(run: Promise<void>): Promise<unknown> {
  try {
    return await run;
  } catch (error) {
    return error;
  }
}

/** A wrong answer or a refusal that should not be; a defect of the broken plugin itself would prove nothing. */
function isFinding(failure: unknown): boolean {
  return failure instanceof AssertionError || (failure instanceof GatewayError && failure.source === "client");
}
