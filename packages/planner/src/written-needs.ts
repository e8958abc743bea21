import {
  createFileRegistry,
  type DescExtension,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  getOption,
  hasOption,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { WrittenNeeds } from "./needs.js";
import type { RawOptions } from "./options.js";
import type { Problem } from "./problem.js";
import { type ReadService, unusedServiceOptions } from "./service-options.js";
import { type ReadMessage, statedNeeds } from "./stated-needs.js";

/** Where the options are defined. */
const optionsPackage = "prism";

/** What carries options. */
type Carrier = DescMessage | DescField | DescService | DescMethod;

/** The name of the options of each kind of descriptor. */
const optionsOf = {
  message: "google.protobuf.MessageOptions",
  field: "google.protobuf.FieldOptions",
  service: "google.protobuf.ServiceOptions",
  rpc: "google.protobuf.MethodOptions",
} as const;

/**
 * The messages of a serialized `google.protobuf.FileDescriptorSet` that carry options of `prism/options.proto`, in the order of the
 * files. The set holds that file too: compilers write the imports along (`buf build`, `protoc --include_imports`). Throws when the
 * bytes are no descriptor set.
 */
export function writtenNeeds(descriptorSet: Uint8Array): readonly WrittenNeeds[] {
  const { files, options } = read(descriptorSet);
  const messages = files.flatMap(({ messages: ofFile }) => ofFile.flatMap(withNested));
  return statedNeeds(
    messages.map(
      (message): ReadMessage => ({
        message: message.typeName,
        options: setOptions(message, options),
        fields: message.fields.map((field) => ({
          name: field.name,
          type: field.message?.typeName,
          options: setOptions(field, options),
        })),
      }),
    ),
  );
}

/** What the services and methods of a descriptor set say that Prism does not act on. */
export function unusedOptions(descriptorSet: Uint8Array): readonly Problem[] {
  const { files, options } = read(descriptorSet);
  const services = files.flatMap(({ services: ofFile }) => ofFile);
  const carriers = services.flatMap((service): ReadService[] => [
    { carrier: "service", name: service.typeName, options: setOptions(service, options) },
    ...service.methods.map((method) => ({
      carrier: "method" as const,
      name: `${service.typeName}.${method.name}`,
      options: setOptions(method, options),
    })),
  ]);
  return unusedServiceOptions(carriers);
}

function read(descriptorSet: Uint8Array) {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  const files = [...registry.files];
  const options = files
    .filter(({ proto }) => proto.package === optionsPackage)
    .flatMap(({ extensions }) => extensions)
    .filter(({ extendee }) => Object.values<string>(optionsOf).includes(extendee.typeName));
  return { files, options };
}

function withNested(message: DescMessage): readonly DescMessage[] {
  return [message, ...message.nestedMessages.flatMap(withNested)];
}

/** Which options a descriptor carries is told at run time. */
const [isSet, optionOf] = [hasOption, getOption] as unknown as [
  (carrier: Carrier, option: DescExtension) => boolean,
  (carrier: Carrier, option: DescExtension) => unknown,
];

function setOptions(carrier: Carrier, options: readonly DescExtension[]): RawOptions {
  const set = options
    .filter(({ extendee }) => extendee.typeName === optionsOf[carrier.kind])
    .filter((option) => isSet(carrier, option));
  return Object.fromEntries(set.map((option) => [option.name, plain(optionOf(carrier, option))]));
}

/** 64-bit numbers come as bigint. */
function plain(value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
