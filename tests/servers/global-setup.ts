import { startRedis } from "./redis.ts";

/** Starts what the conformance and acceptance projects share, and tells the test processes by their environment. */
export async function setup(): Promise<() => Promise<void>> {
  const redis = await startRedis(process.env);
  process.env.PRISM_TEST_REDIS_URL = redis.url;
  return () => redis.stop();
}
