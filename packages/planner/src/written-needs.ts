import { createFileRegistry, type DescMessage, fromBinary, getOption, hasOption } from "@bufbuild/protobuf";
import type { GenExtension } from "@bufbuild/protobuf/codegenv2";
import { FileDescriptorSetSchema, type MessageOptions } from "@bufbuild/protobuf/wkt";
import type { WrittenNeeds } from "./needs.js";

/** All of Prism's options are text. */
type TextOption = GenExtension<MessageOptions, string>;

/** Where the options are defined. */
const optionsPackage = "prism";

/**
 * The messages of a serialized `google.protobuf.FileDescriptorSet` that carry options of `prism/options.proto`, in the order of the
 * files. The set holds that file too: compilers write the imports along (`buf build`, `protoc --include_imports`). Throws when the
 * bytes are no descriptor set.
 */
export function writtenNeeds(descriptorSet: Uint8Array): readonly WrittenNeeds[] {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  const options = [...registry.files]
    .filter(({ proto }) => proto.package === optionsPackage)
    .flatMap(({ extensions }) => extensions)
    .filter(({ extendee }) => extendee.typeName === "google.protobuf.MessageOptions")
    .map((extension) => extension as TextOption);
  return [...registry.files]
    .flatMap(({ messages }) => messages.flatMap(withNested))
    .map((message) => ({ message: message.typeName, options: setOptions(message, options) }))
    .filter(({ options: set }) => set.size > 0);
}

function withNested(message: DescMessage): readonly DescMessage[] {
  return [message, ...message.nestedMessages.flatMap(withNested)];
}

function setOptions(message: DescMessage, options: readonly TextOption[]): ReadonlyMap<string, string> {
  const set = options.filter((option) => hasOption(message, option));
  return new Map(set.map((option) => [option.name, getOption(message, option)]));
}
