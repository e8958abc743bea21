import type { PatternKind, PatternTypes } from "./pattern-kind.js";

/** What a plugin may set one limit to. Whole numbers. */
export interface LimitRange {
  readonly default: number;
  readonly min: number;
  /** Default: no bound. */
  readonly max?: number;
  /** What the limit bounds, with its unit, for the list of limits in the documentation. */
  readonly means: string;
}

/** The range of every limit of a pattern. */
export type LimitRanges<Types extends PatternTypes> = { readonly [Limit in keyof Types["limits"]]-?: LimitRange };

/** The limits of one namespace, every one of them given. */
export type Bounds<Types extends PatternTypes> = { readonly [Limit in keyof Types["limits"]]-?: number };

/** Fills in what a plugin leaves to the defaults. */
export function boundsOf<Types extends PatternTypes>(
  kind: PatternKind<Types>,
  limits: Types["limits"] | undefined,
): Bounds<Types> {
  const given = (limits ?? {}) as Readonly<Record<string, number | undefined>>;
  const bounds = rangesOf(kind).map(([name, range]) => [name, given[name] ?? range.default]);
  return Object.fromEntries(bounds) as Bounds<Types>;
}

/** The bounds by the names that descriptions and `BindResponse.limits` carry: `value_bytes_max` of `valueBytesMax`. */
export function namedBounds(bounds: object): Readonly<Record<string, number>> {
  const entries = Object.entries(bounds as Readonly<Record<string, number>>);
  return Object.fromEntries(entries.map(([name, bound]) => [wireNameOf(name), bound]));
}

/** What is wrong with the limits that a plugin sets. */
export function* limitProblems(kind: PatternKind, limits: object): Generator<string> {
  const ranges = new Map(rangesOf(kind));
  for (const [name, limit] of Object.entries(limits)) {
    const range = ranges.get(name);
    if (range === undefined) {
      yield `limits.${name} is not known; known: ${[...ranges.keys()].join(", ")}`;
    } else if (limit !== undefined && !isWithin(limit, range)) {
      yield `limits.${name} must be a whole number ${range.max === undefined ? `of at least ${range.min}` : `from ${range.min} to ${range.max}`}`;
    }
  }
}

/** The limits of a pattern, by the names that descriptions carry. */
export function namedRanges(kind: PatternKind): ReadonlyMap<string, LimitRange> {
  return new Map(rangesOf(kind).map(([name, range]) => [wireNameOf(name), range]));
}

function rangesOf<Types extends PatternTypes>({ limits }: PatternKind<Types>): [string, LimitRange][] {
  return Object.entries(limits as Readonly<Record<string, LimitRange>>);
}

function isWithin(limit: number, { min, max = Number.MAX_SAFE_INTEGER }: LimitRange): boolean {
  return Number.isInteger(limit) && limit >= min && limit <= max;
}

function wireNameOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
