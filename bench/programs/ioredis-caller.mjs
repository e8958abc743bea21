// usage: ioredis-caller.mjs PORT. Reads one key of Redis.
import { Redis } from "ioredis";
import { answerRuns, closedLoop } from "./closed-loop.mjs";

const redis = new Redis(Number(process.argv[2]));
const lengths = new Set();

await answerRuns(async ({ valueBytes, callers, calls }) => {
  if (!lengths.has(valueBytes)) await redis.set(`value-${valueBytes}`, Buffer.alloc(valueBytes, 7));
  lengths.add(valueBytes);
  return closedLoop({ calls, callers }, async () => {
    const value = await redis.getBuffer(`value-${valueBytes}`);
    if (value.length !== valueBytes) throw new Error(`Redis answers ${value.length} bytes`);
  });
});
