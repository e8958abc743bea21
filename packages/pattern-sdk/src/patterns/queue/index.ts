export * from "./queue.js";
export * from "./queue-capabilities.js";
export * from "./queue-errors.js";
export * from "./queue-limits.js";
export * from "./queue-options.js";
export * from "./waiting-receives.js";
