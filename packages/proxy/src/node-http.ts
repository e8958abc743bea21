import { createRequire } from "node:module";

const nodeHttp = createRequire(import.meta.url)("node:http") as typeof import("node:http");

/**
 * Node's HTTP/1.1, as the proxy uses it. An `import` of the module reads all that it exports, and one of these loads Node's
 * WebSocket and fetch: 60 ms of CPU and 13 MB at every start, for what is never used.
 */
export const { createServer, METHODS } = nodeHttp;
