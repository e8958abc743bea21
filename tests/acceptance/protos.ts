import { loadSync, type MessageTypeDefinition, type PackageDefinition } from "@grpc/proto-loader";
import { protoFolder } from "./repository.ts";

const files = [
  "prism/keyvalue/v1/keyvalue.proto",
  "prism/queue/v1/queue.proto",
  "prism/pubsub/v1/pubsub.proto",
  "prism/stream/v1/stream.proto",
  "prism/relational/v1/relational.proto",
  "prism/admin/v1/admin.proto",
  "google/rpc/status.proto",
  "google/rpc/error_details.proto",
];

/** Prism's API and the messages that errors travel in, read from proto/ as any client would. */
export const protos: PackageDefinition = loadSync(files, {
  includeDirs: [protoFolder],
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});

/** Reads a message of any type in `protos`. */
export function decode<T>(typeName: string, bytes: Buffer): T {
  return messageType(typeName).deserialize(bytes) as T;
}

/** Writes a message of any type in `protos`. */
export function encode(typeName: string, message: object): Buffer {
  return messageType(typeName).serialize(message);
}

function messageType(typeName: string): MessageTypeDefinition<object, object> {
  const type = protos[typeName];
  if (type === undefined || !("deserialize" in type)) throw new Error(`proto/ has no message ${typeName}`);
  return type as MessageTypeDefinition<object, object>;
}
