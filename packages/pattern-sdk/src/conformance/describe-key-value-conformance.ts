import { declaredCapabilities } from "../define-plugin.js";
import type { PluginDefinition } from "../plugin.js";
import type { KeyValueCase } from "./key-value-case.js";
import { casesFor, restartCasesFor } from "./key-value-cases.js";
import { KeyValueSubject, type Placement } from "./key-value-subject.js";

type Vitest = typeof import("vitest");

/** An optional peer: everything else of this entry works without it, so that other runners can run the cases. */
const vitest: Vitest | { readonly missing: unknown } = await import("vitest").catch((missing: unknown) => ({
  missing,
}));

/** How long one case may take; most take some ms, those that wait for times to live some seconds. */
const caseTimeoutMs = 60_000;

/** How long starting and stopping may take, the removal of what all cases wrote included. */
const lifecycleTimeoutMs = 60_000;

/** What is tested, and with what. */
export interface KeyValueConformanceOptions {
  /** The plugin. Runs in this process, and says which cases apply. */
  readonly plugin: PluginDefinition;
  /** The absolute path of the plugin's built main module, such as `dist/main.js`. Runs as a process of its own. */
  readonly entry: string;
  /**
   * Makes the settings of a backend that nobody else uses: called once per start of the suite, twice and once more for a
   * plugin that is durable. Default: no settings.
   */
  readonly settings?: () => Readonly<Record<string, unknown>> | PromiseLike<Readonly<Record<string, unknown>>>;
}

/**
 * Registers vitest tests that prove a key-value plugin, twice: in this process, and as the process that the proxy would spawn.
 * Both times it is spoken to over its socket. What it declares is proven, what it does not declare must be refused, and what
 * it says of durability is tried with SIGKILL.
 *
 * Call it once at the top of a test file. Cases run concurrently, as many as vitest's `maxConcurrency` allows. Throws when
 * vitest is not installed.
 */
export function describeKeyValueConformance(options: KeyValueConformanceOptions): void {
  const { plugin, entry } = options;
  const declared = declaredCapabilities(plugin.patterns["key-value"] ?? { capabilities: [] });
  const spawned: Placement = { kind: "spawned", entry };
  registerCases(`${plugin.name} in process`, casesFor(declared), { ...options, placement: { kind: "in-process" } });
  registerCases(`${plugin.name} spawned`, casesFor(declared), { ...options, placement: spawned });
  const restartCases = restartCasesFor(plugin.durability, declared);
  if (restartCases.length > 0) {
    registerCases(`${plugin.name} killed`, restartCases, { ...options, placement: spawned, oneByOne: true });
  }
}

interface Registration extends KeyValueConformanceOptions {
  readonly placement: Placement;
  /** The cases disturb each other. */
  readonly oneByOne?: boolean;
}

function registerCases(title: string, cases: readonly KeyValueCase[], options: Registration): void {
  const { afterAll, beforeAll, describe, test } = requireVitest();
  const { plugin, placement, settings = () => ({}), oneByOne = false } = options;
  describe(title, { concurrent: !oneByOne, timeout: caseTimeoutMs }, () => {
    let subject: KeyValueSubject;
    beforeAll(async () => {
      subject = await KeyValueSubject.start({ plugin, placement, settings: await settings() });
    }, lifecycleTimeoutMs);
    afterAll(() => subject?.stop(), lifecycleTimeoutMs);
    for (const one of cases) test(one.name, () => one.run(subject));
  });
}

function requireVitest(): Vitest {
  if (!("missing" in vitest)) return vitest;
  throw new Error("The conformance suite is run by vitest, which cannot be loaded. Install it: npm i -D vitest", {
    cause: vitest.missing,
  });
}
