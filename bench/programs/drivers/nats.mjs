// nats: core NATS for topics, where a flush tells that the server has the message, and JetStream for the rest.
import { connect, DiscardPolicy, RetentionPolicy } from "nats";
import { nextValue, value, valuesOf } from "./values.mjs";

export async function open(address) {
  const connection = await connect({ servers: address });
  const jetstream = connection.jetstream();
  const manager = await connection.jetstreamManager();
  const bucket = await jetstream.views.kv("bench");
  const add = (name) =>
    manager.streams.add({ name, subjects: [name], retention: RetentionPolicy.Limits, discard: DiscardPolicy.Old });
  await Promise.all(["log", "log-100", "log-1024", "queue"].map(add));
  const publish = async (payload) => {
    connection.publish("bench", payload);
    await connection.flush();
  };
  const publishMany = (size) => ({
    run: async (count) => {
      for (let left = count; left > 0; left -= 1) connection.publish("bench", valuesOf(size));
      await connection.flush();
    },
  });
  const many = (subject, size) => async (count) => {
    await Promise.all(Array.from({ length: count }, () => jetstream.publish(subject, valuesOf(size))));
  };
  const read = (size) => ({
    prepare: many(`log-${size}`, size),
    run: (count) => readAll(jetstream, `log-${size}`, count),
  });
  return {
    get: { prepare: () => bucket.put("key", value), run: () => bucket.get("key") },
    set: { run: () => bucket.put("key", nextValue()) },
    send: { run: () => jetstream.publish("queue", value) },
    publish: { run: () => publish(value) },
    "publish-stream-100b": publishMany(100),
    "publish-stream-1024b": publishMany(1_024),
    append: { run: () => jetstream.publish("log", value) },
    "append-stream-100b": { run: many("log", 100) },
    "append-stream-1024b": { run: many("log", 1_024) },
    "read-100b": read(100),
    "read-1024b": read(1_024),
  };
}

/** By a consumer of its own, as a reader from the beginning has one. */
async function readAll(jetstream, name, count) {
  const consumer = await jetstream.consumers.get(name);
  const messages = await consumer.fetch({ max_messages: count });
  let left = count;
  for await (const _ of messages) if (--left === 0) break;
  await consumer.delete();
}
