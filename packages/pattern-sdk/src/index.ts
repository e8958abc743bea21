export * from "./call-context.js";
export * from "./capability.js";
export * from "./patterns/key-value.js";
export * from "./plugin.js";
