import { kafka } from "./kafka.js";
import { nats } from "./nats.js";
import { postgres } from "./postgres.js";
import { redis } from "./redis.js";
import type { ServerKind } from "./server-kind.js";

/** Every kind of server that there is, in the order in which they are listed. */
export const serverKinds: readonly ServerKind[] = [redis, nats, postgres, kafka];
