import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import { type DescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Reading a set takes longer than all else that a change of routes costs, and the same few are read on each. */
const read = new WeakMap<Uint8Array, FileRegistry>();

/**
 * Reads a serialized `google.protobuf.FileDescriptorSet`, once for as long as its bytes are kept. Throws when it cannot be read, or
 * lacks a file that it imports.
 */
export function readFileRegistry(fileDescriptorSet: Uint8Array): FileRegistry {
  const known = read.get(fileDescriptorSet);
  if (known !== undefined) return known;
  const set = fromBinary(FileDescriptorSetSchema, fileDescriptorSet);
  for (const { messageType } of set.file) messageType.forEach(completeJsonNames);
  const registry = createFileRegistry(set);
  read.set(fileDescriptorSet, registry);
  return registry;
}

/** Descriptors that a program carries along often leave JSON names to be deduced, as descriptor.proto allows. */
function completeJsonNames({ field, nestedType }: DescriptorProto): void {
  for (const each of field) each.jsonName ||= protoCamelCase(each.name);
  nestedType.forEach(completeJsonNames);
}
