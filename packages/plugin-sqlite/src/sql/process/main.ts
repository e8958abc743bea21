import { Worker } from "node:worker_threads";
import type { ConnectionRequest } from "../connection-messages.js";
import { ConnectionSession } from "./connection-session.js";

/**
 * The end of stdin says that the plugin is gone. A statement may run then that nobody waits for, and this thread cannot look up
 * from it: another one does, and ends the process.
 */
new Worker(`require("node:fs").readSync(0, Buffer.alloc(1)); process.kill(process.pid, "SIGKILL");`, { eval: true });

const session = new ConnectionSession();
process.on("message", (request: ConnectionRequest) => process.send?.(session.serve(request)));
