// kafkajs: one producer that waits for all replicas, and a consumer that begins anew for each run.
import { Kafka, logLevel } from "kafkajs";
import { value, valuesOf } from "./values.mjs";

export async function open(brokers) {
  const kafka = new Kafka({ clientId: "bench", brokers: [brokers], logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: ["log", "log-100", "log-1024"].map((topic) => ({ topic, numPartitions: 1 })) });
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  const send = (topic, payload, count) =>
    producer.send({ topic, acks: -1, messages: Array.from({ length: count }, () => ({ value: payload })) });
  const add = { run: () => send("log", value, 1) };
  const addMany = (size) => ({ run: (count) => send("log", valuesOf(size), count) });
  const read = (size) => {
    const reader = new Reader(kafka, `log-${size}`);
    return {
      prepare: async (count) => {
        await send(`log-${size}`, valuesOf(size), count);
        await reader.start();
      },
      run: (count) => reader.read(count),
    };
  };
  return {
    publish: add,
    "publish-stream-100b": addMany(100),
    "publish-stream-1024b": addMany(1_024),
    append: add,
    "append-stream-100b": addMany(100),
    "append-stream-1024b": addMany(1_024),
    "read-100b": read(100),
    "read-1024b": read(1_024),
  };
}

/** A seek waits for the fetch under way, and one at the end of the topic waits so long for more. */
const fetchWaitMs = 20;

class Reader {
  #consumer;
  #topic;
  #left = 0;
  #done = () => {};

  constructor(kafka, topic) {
    this.#consumer = kafka.consumer({ groupId: `bench-${topic}`, maxWaitTimeInMs: fetchWaitMs });
    this.#topic = topic;
  }

  async start() {
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topic: this.#topic, fromBeginning: true });
    // A broker that has just started may refuse the first attempt to join, and nothing can be read before one succeeds.
    const joined = new Promise((resolve) => this.#consumer.on(this.#consumer.events.GROUP_JOIN, resolve));
    await this.#consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => this.#took(batch.messages.length) });
    await joined;
  }

  async read(count) {
    const { promise, resolve } = Promise.withResolvers();
    this.#left = count;
    this.#done = resolve;
    this.#consumer.seek({ topic: this.#topic, partition: 0, offset: "0" });
    await promise;
  }

  #took(count) {
    this.#left -= count;
    if (this.#left <= 0) this.#done();
  }
}
