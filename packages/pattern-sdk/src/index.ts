export * from "./call-context.js";
export * from "./capability.js";
export * from "./define-plugin.js";
export * from "./description.js";
export * from "./errors.js";
export * from "./patterns/key-value.js";
export * from "./plugin.js";
export * from "./reasons.js";
export { servePlugin } from "./serve.js";
