import type { Pattern } from "../capability.js";
import { fileDescriptorSetBase64 } from "./gen/descriptors.js";

/** The gRPC service of each pattern, by its full name. */
export const patternServices: Readonly<Record<Pattern, string>> = {
  "key-value": "prism.keyvalue.v1.KeyValueService",
};

let decoded: Uint8Array | undefined;

/** A serialized `google.protobuf.FileDescriptorSet` of Prism's protos and everything that they import. Do not write into it. */
export function descriptorSet(): Uint8Array {
  decoded ??= Buffer.from(fileDescriptorSetBase64, "base64");
  return decoded;
}
