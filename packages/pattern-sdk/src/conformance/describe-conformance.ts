import { type Pattern, patterns } from "../patterns/pattern-kinds.js";
import type { PluginDefinition } from "../plugin.js";
import type { ConformanceCase } from "./conformance-case.js";
import type { Drift } from "./every-pattern/drift.js";
import { modelRun } from "./model-run.js";
import { casesFor, type PatternSuite, restartCasesFor } from "./pattern-suite.js";
import { patternSuites } from "./pattern-suites.js";
import type { Placement, Subject } from "./subject.js";

type Vitest = typeof import("vitest");

/** An optional peer: everything else of this entry works without it, so that other runners can run the cases. */
const vitest: Vitest | { readonly missing: unknown } = await import("vitest").catch((missing: unknown) => ({
  missing,
}));

/** How long one case may take: most take ms, those that wait for times to live some seconds, a long model run what its steps take. */
const caseTimeoutMs = Math.max(60_000, modelRun(0).steps * 200);

/** How long starting and stopping may take, the removal of what all cases wrote included. */
const lifecycleTimeoutMs = 60_000;

/** How many processes of a plugin that is replicable share a backend while it is tested. */
const replicasOfReplicable = 2;

/** A map as an operator writes it. */
type Written = Readonly<Record<string, unknown>>;

/** What is tested, and with what. */
export interface ConformanceOptions {
  /** The plugin. Runs in this process, and says which patterns are proven and which cases apply. */
  readonly plugin: PluginDefinition;
  /** The absolute path of the plugin's built main module, such as `dist/main.js`. Runs as a process of its own. */
  readonly entry: string;
  /**
   * Makes the settings of a backend that nobody else uses: called once per start, for each pattern twice and once more if it is
   * durable. Default: no settings.
   */
  readonly settings?: () => Written | PromiseLike<Written>;
  /** The options of the namespaces that are bound, by pattern. Default: none. */
  readonly options?: { readonly [Name in Pattern]?: Written };
  /**
   * How long the data system may take for what it does by itself, such as deleting what is too old or sharing the partitions of a group,
   * in ms. Default: 10 s.
   */
  readonly backgroundMs?: number;
  /**
   * What somebody may do by hand to what a namespace is on the data system, by pattern: a plan must tell each, and a bind put it right or
   * refuse. They must leave other namespaces alone. Default: nothing, as of data that only the plugin can reach.
   */
  readonly drifts?: { readonly [Name in Pattern]?: readonly Drift[] };
}

/**
 * Registers vitest tests that prove every pattern that a plugin declares, each twice: in this process, and as the process that
 * the proxy would spawn; as two that share the backend and take the calls in turn, if the plugin is replicable. Each time it is
 * spoken to over its socket. What it declares is proven, what it does not declare must be
 * refused, and what it says of durability is tried with SIGKILL.
 *
 * Call it once at the top of a test file. Cases run concurrently, as many as vitest's `maxConcurrency` allows. Throws when
 * vitest is not installed, and for a plugin without patterns.
 */
export function describeConformance(options: ConformanceOptions): void {
  const declared = patterns.filter((pattern) => options.plugin.patterns[pattern] !== undefined);
  if (declared.length === 0)
    throw new Error(`Plugin ${options.plugin.name} declares no pattern: nothing can be proven.`);
  for (const pattern of declared) describePattern(patternSuites[pattern], pattern, options);
}

function describePattern(suite: PatternSuite, pattern: Pattern, options: ConformanceOptions): void {
  const { plugin, entry } = options;
  const { capabilities, durability = plugin.durability } = plugin.patterns[pattern]!;
  const cases = casesFor(suite, capabilities);
  const restartCases = restartCasesFor(suite, { capabilities, durability });
  const replicas = plugin.replicable === true ? replicasOfReplicable : 1;
  const spawned: Placement = { kind: "spawned", entry, replicas };
  const register = (where: string, registration: Omit<Registration, "suite" | "pattern" | "options">) =>
    registerCases(`${plugin.name} ${pattern} ${where}`, { suite, pattern, options, ...registration });
  register("in process", { cases, placement: { kind: "in-process" } });
  register("spawned", { cases, placement: spawned });
  if (restartCases.length > 0) register("killed", { cases: restartCases, placement: spawned, oneByOne: true });
}

interface Registration {
  readonly suite: PatternSuite;
  readonly pattern: Pattern;
  readonly options: ConformanceOptions;
  readonly cases: readonly ConformanceCase[];
  readonly placement: Placement;
  /** The cases disturb each other. */
  readonly oneByOne?: boolean;
}

function registerCases(title: string, registration: Registration): void {
  const { afterAll, beforeAll, describe, test } = requireVitest();
  const { suite, pattern, options, cases, placement, oneByOne = false } = registration;
  const { plugin, settings = () => ({}) } = options;
  describe(title, { concurrent: !oneByOne, timeout: caseTimeoutMs }, () => {
    let subject: Subject;
    beforeAll(async () => {
      const { backgroundMs } = options;
      const ofPattern = { options: options.options?.[pattern], drifts: options.drifts?.[pattern] };
      const given = { settings: await settings(), backgroundMs, ...ofPattern };
      subject = await suite.start({ plugin, placement, ...given });
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
