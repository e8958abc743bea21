// ioredis: strings for key-value, lists for queues, streams for logs, channels for topics.
import { Redis } from "ioredis";
import { nextValue, value, valuesOf } from "./values.mjs";

export async function open(address) {
  const redis = new Redis(address);
  const many = (size, command) => async (count) => {
    const payload = valuesOf(size);
    await Promise.all(Array.from({ length: count }, () => command(payload)));
  };
  const append = (payload) => redis.xadd("log", "*", "value", payload);
  const publish = (payload) => redis.publish("bench", payload);
  const read = (size) => ({
    prepare: many(size, (payload) => redis.xadd(`log-${size}`, "*", "value", payload)),
    run: (count) => redis.xrangeBuffer(`log-${size}`, "-", "+", "COUNT", count),
  });
  return {
    get: { prepare: () => redis.set("key", value), run: () => redis.getBuffer("key") },
    set: { run: () => redis.set("key", nextValue()) },
    send: { run: () => redis.lpush("queue", value) },
    publish: { run: () => publish(value) },
    "publish-stream-100b": { run: many(100, publish) },
    "publish-stream-1024b": { run: many(1_024, publish) },
    append: { run: () => append(value) },
    "append-stream-100b": { run: many(100, append) },
    "append-stream-1024b": { run: many(1_024, append) },
    "read-100b": read(100),
    "read-1024b": read(1_024),
  };
}
