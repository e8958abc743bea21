import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import { type DescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Reads a serialized `google.protobuf.FileDescriptorSet`. Throws when it cannot be read, or lacks a file that it imports. */
export function readFileRegistry(fileDescriptorSet: Uint8Array): FileRegistry {
  const set = fromBinary(FileDescriptorSetSchema, fileDescriptorSet);
  for (const { messageType } of set.file) messageType.forEach(completeJsonNames);
  return createFileRegistry(set);
}

/** Descriptors that a program carries along often leave JSON names to be deduced, as descriptor.proto allows. */
function completeJsonNames({ field, nestedType }: DescriptorProto): void {
  for (const each of field) each.jsonName ||= protoCamelCase(each.name);
  nestedType.forEach(completeJsonNames);
}
