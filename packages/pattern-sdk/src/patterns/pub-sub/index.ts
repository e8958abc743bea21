export * from "./dead-letter.js";
export * from "./member-subscription.js";
export * from "./pub-sub.js";
export * from "./pub-sub-capabilities.js";
export * from "./pub-sub-limits.js";
export * from "./pub-sub-options.js";
export * from "./topic.js";
