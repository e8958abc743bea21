import type { Durability } from "../durability.js";
import { type PatternKind, withIncluded } from "../patterns/pattern-kind.js";
import type { ClientOf, ConformanceCase } from "./conformance-case.js";
import { callCases } from "./every-pattern/calls.js";
import { capabilityCases, refusalCases } from "./every-pattern/capabilities.js";
import { driftCases } from "./every-pattern/drift.js";
import { neededDurabilityCases } from "./every-pattern/durability.js";
import { requestCases } from "./every-pattern/requests.js";
import { sizeLimitCases } from "./every-pattern/size-limits.js";
import { storageCases } from "./every-pattern/storage.js";
import type { Subject, SubjectOptions } from "./subject.js";

/** How one pattern is proven: an entry of `patternSuites`. */
export interface PatternSuite<S extends Subject = Subject> {
  readonly kind: PatternKind;
  /** Starts a plugin, to be proven for this pattern. */
  start(options: SubjectOptions): Promise<S>;
  /** What every plugin must do, where it declares the capabilities that a case needs. Cases do not disturb each other. */
  readonly cases: readonly ConformanceCase<S>[];
  /** What a plugin must do whose acknowledged writes survive its process: these restart it under them. */
  readonly restartCases: readonly ConformanceCase<S>[];
  /** A unary call that every namespace answers, that changes nothing, and that is answered the same twice. */
  readonly probe: Probe;
  /** For each capability one call per use of it, by a name for people; each must be refused where the namespace lacks it. */
  readonly uses: Readonly<Record<string, Uses<S>>>;
  /** For each capability whose use is an option of the namespace: such options; each must be refused where the plugin lacks it. */
  readonly optionUses?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  /** Requests that are refused with INVALID_FIELD whatever is stored. */
  readonly invalidRequests: readonly InvalidRequests<ClientOf<S>>[];
  /** Every kind of request whose sizes an operator may limit. */
  readonly sizedRequests: readonly SizedRequests<ClientOf<S>>[];
  /**
   * Makes a namespace hold so many bytes more, with the minimum alone, and returns what takes them out again; `undefined`: no app
   * can. Not there: nobody can be held to what it holds.
   */
  fill?(client: ClientOf<S>, sizeBytes: number): Promise<(() => Promise<unknown>) | undefined>;
  /** Writes something with the minimum alone, and returns a check that it is still there, and nothing else. */
  witness(client: ClientOf<S>): Promise<() => Promise<void>>;
}

/** A unary call by its method's name and the bytes of its request. */
export interface Probe {
  readonly method: string;
  request(namespace: string): Uint8Array;
}

/** Requests that are all wrong in the same way. */
export interface InvalidRequests<Client, Capability extends string = string> {
  /** What is wrong with all of them, after "invalid". */
  readonly what: string;
  /** What a namespace must have to look at them at all. */
  readonly needs: readonly Capability[];
  readonly requests: readonly {
    /** The field that the answer must name. */
    readonly field: string;
    send(client: Client): Promise<unknown>;
  }[];
}

/** Requests that hold a value, or entries, of any number; by the name of their method. They change nothing that a witness looks at. */
export interface SizedRequests<Client, Capability extends string = string> {
  /** What a namespace must have to take them. */
  readonly needs: readonly Capability[];
  /** Sends one value of so many bytes. */
  readonly values: Readonly<Record<string, SendSized<Client>>>;
  /** Sends so many entries. */
  readonly batches: Readonly<Record<string, SendSized<Client>>>;
}

export type SendSized<Client> = (client: Client, size: number) => Promise<unknown>;

type Uses<S extends Subject> = Readonly<Record<string, (client: ClientOf<S>) => Promise<unknown>>>;

/** The cases that a plugin with these capabilities must pass, each missing capability's refusal among them. */
export function casesFor<S extends Subject>(
  suite: PatternSuite<S>,
  capabilities: readonly string[],
): readonly ConformanceCase<S>[] {
  const declared = withIncluded(suite.kind, capabilities);
  const ofEveryPattern = [
    requestCases,
    callCases,
    capabilityCases,
    neededDurabilityCases,
    sizeLimitCases,
    storageCases,
    driftCases,
  ];
  const cases = [...suite.cases, ...ofEveryPattern.flatMap((casesOf) => casesOf(suite))];
  return [...cases.filter((one) => applies(one, declared)), ...refusalCases(suite, declared)];
}

/**
 * The cases that restart the plugin under them, for a plugin whose acknowledged writes survive its process. Each needs a
 * subject of its own, in a process of its own.
 */
export function restartCasesFor<S extends Subject>(
  suite: PatternSuite<S>,
  { capabilities, durability }: { capabilities: readonly string[]; durability: Durability },
): readonly ConformanceCase<S>[] {
  if (durability === "ephemeral") return [];
  const declared = withIncluded(suite.kind, capabilities);
  return suite.restartCases.filter((one) => applies(one, declared));
}

/** Whether a plugin with these capabilities must pass a case. */
function applies({ needs }: ConformanceCase, declared: readonly string[]): boolean {
  return needs.every((capability) => declared.includes(capability));
}
