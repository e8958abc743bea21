export * from "./durable-file.js";
export * from "./file-identity.js";
export * from "./file-problem.js";
