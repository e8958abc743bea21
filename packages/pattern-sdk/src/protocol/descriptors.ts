import { type Pattern, patternKinds } from "../patterns/pattern-kinds.js";
import { fileDescriptorSetBase64 } from "./gen/descriptors.js";

/** The gRPC service of each pattern, by its full name. */
export const patternServices = Object.fromEntries(
  Object.values(patternKinds).map(({ name, service }) => [name, service]),
) as Readonly<Record<Pattern, string>>;

let decoded: Uint8Array | undefined;

/** A serialized `google.protobuf.FileDescriptorSet` of Prism's protos and everything that they import. Do not write into it. */
export function descriptorSet(): Uint8Array {
  decoded ??= Buffer.from(fileDescriptorSetBase64, "base64");
  return decoded;
}
