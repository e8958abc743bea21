export * from "./relational.js";
export * from "./relational-capabilities.js";
export * from "./relational-errors.js";
export * from "./relational-limits.js";
