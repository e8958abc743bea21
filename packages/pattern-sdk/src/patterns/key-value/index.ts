export * from "./counter-value.js";
export * from "./key-range.js";
export * from "./key-value.js";
export * from "./key-value-capabilities.js";
export * from "./key-value-conditions.js";
export * from "./key-value-errors.js";
export * from "./key-value-limits.js";
export * from "./replayed-etag.js";
