/** The bounds that a relational plugin holds apps to: those of `prism.relational.v1`, and no others. */
export type RelationalLimits = Readonly<Record<never, number>>;
