import type { PatternMethod } from "../protocol/pattern/pattern-method.js";
import type { LimitRanges } from "./bounds.js";

/** The types that tell one pattern from another. */
export interface PatternTypes {
  /** The pattern's name, as configuration spells it. */
  readonly name: string;
  /** The member of `Backend` that holds the pattern's binder. */
  readonly member: string;
  /** What a plugin's author implements, for one namespace. */
  readonly api: object;
  /** The closed list of capabilities. */
  readonly capability: string;
  /** The limits that a plugin may set, each optional and a number. */
  readonly limits: object;
}

/** What a plugin promises with one capability. */
export interface CapabilityPromise<Method extends PropertyKey = string, Capability extends string = string> {
  /** The author's methods that must be there then. None: it is a promise about methods that exist anyway. */
  readonly methods: readonly Method[];
  /** The capabilities that whoever has this one has too. Default: none. */
  readonly includes?: readonly Capability[];
}

/** What each capability of a pattern promises: what `promises` of its entry must satisfy, so that no name is misspelt. */
export type CapabilityPromises<Types extends PatternTypes> = {
  readonly [Capability in Types["capability"]]: CapabilityPromise<keyof Types["api"], Types["capability"]>;
};

/** Everything that the SDK knows of one pattern: an entry of `patternKinds`. Data, and the way to the code that serves it. */
export interface PatternKind<Types extends PatternTypes = PatternTypes> {
  /** As configuration spells it. */
  readonly name: Types["name"];
  /** The full name of the gRPC service. */
  readonly service: string;
  /** The member of `Backend` that holds the binder. */
  readonly member: Types["member"];
  /** What a namespace can do without any capability, for people: the gRPC methods, such as `Get, Set, Delete and Exists`. */
  readonly minimum: string;
  /** The author's methods behind the minimum. */
  readonly requiredMethods: readonly string[];
  /** The closed list of capabilities, in the order in which they are listed everywhere. */
  readonly capabilities: readonly Types["capability"][];
  /** What each of them promises. */
  readonly promises: Readonly<Record<Types["capability"], CapabilityPromise>>;
  readonly limits: LimitRanges<Types>;
  /**
   * The gRPC methods that may make a namespace hold more: none of the others is refused when it holds as much as it may. None at
   * all: what makes room cannot be told from what takes it.
   */
  readonly addingMethods: readonly string[];
  /** Loads the gRPC methods, by name: only a process that serves the pattern needs their code. */
  loadMethods(): Promise<Readonly<Record<string, PatternMethod<Types>>>>;
}

/** The capabilities with those that they include, in the order of the closed list. Names that are not on it are left out. */
export function withIncluded<Types extends PatternTypes>(
  kind: PatternKind<Types>,
  capabilities: Iterable<string>,
): readonly Types["capability"][] {
  const all = new Set<string>(capabilities);
  // A set goes on to what is added while it is gone through.
  for (const capability of all) {
    const promise: CapabilityPromise | undefined = kind.promises[capability as Types["capability"]];
    for (const included of promise?.includes ?? []) all.add(included);
  }
  return kind.capabilities.filter((capability) => all.has(capability));
}
