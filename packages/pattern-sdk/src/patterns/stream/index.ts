export * from "./balanced-shares.js";
export * from "./group-coordinator.js";
export * from "./partition-of.js";
export * from "./stream.js";
export * from "./stream-capabilities.js";
export * from "./stream-errors.js";
export * from "./stream-limits.js";
export * from "./stream-options.js";
