import { exchange } from "./exchange.js";

const lengthBytes = 4;

/** The ids of the brokers that the broker at a port knows to be alive. `undefined`: it does not answer. */
export async function brokerIds(port: number): Promise<number[] | undefined> {
  return exchange(port, metadataRequest(), (answer) => {
    if (answer.length < lengthBytes || answer.length < lengthBytes + answer.readInt32BE(0)) return undefined;
    return readBrokerIds(answer);
  });
}

/** Metadata of no topic, in the oldest version that knows the difference. Source: Kafka's protocol guide, "Metadata". */
function metadataRequest(): Buffer {
  const client = "ready";
  const request = Buffer.alloc(lengthBytes + 14 + client.length);
  request.writeInt32BE(request.length - lengthBytes, 0);
  request.writeInt16BE(3, 4); // Metadata
  request.writeInt16BE(1, 6); // its version
  request.writeInt32BE(1, 8); // correlation
  request.writeInt16BE(client.length, 12);
  request.write(client, 14);
  request.writeInt32BE(0, 14 + client.length); // topics
  return request;
}

/** Each broker is: id, host, port, rack; texts carry their length before them, and none at all has the length -1. */
function readBrokerIds(answer: Buffer): number[] {
  const ids: number[] = [];
  const count = answer.readInt32BE(2 * lengthBytes);
  let at = 3 * lengthBytes;
  for (let broker = 0; broker < count; broker++) {
    ids.push(answer.readInt32BE(at));
    at += 4;
    at += 2 + answer.readInt16BE(at);
    at += 4;
    at += 2 + Math.max(0, answer.readInt16BE(at));
  }
  return ids;
}
