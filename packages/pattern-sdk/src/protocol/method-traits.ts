import { createFileRegistry, type DescMethod, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { type Pattern, patternKinds } from "../patterns/pattern-kinds.js";
import { descriptorSet } from "./descriptors.js";

/** What whoever forwards a method must know of it, without its generated code. */
export interface MethodTraits {
  /** Whether the method changes nothing (`idempotency_level = NO_SIDE_EFFECTS`): it may be sent again at will. */
  readonly readOnly: boolean;
  /** Whether the method may make its namespace hold more. */
  readonly adds: boolean;
  /** The number of the request's field that holds an `IdempotencyToken`: a request that has it may be sent again. */
  readonly tokenField: number | undefined;
  /** The pattern that the method belongs to. `undefined`: it is not a pattern's. */
  readonly pattern: Pattern | undefined;
  /** Which sides send more than one message. */
  readonly streaming: "none" | "client" | "server" | "both";
  /**
   * What keeps calls under way at once in the order in which they came, when several processes of a plugin serve: those with the same
   * value of field 2 (`key`, `topic`), or all of a namespace. `undefined`: nothing does; they change nothing, or name nothing.
   */
  readonly orderedBy: "field" | "namespace" | undefined;
}

const tokenType = "prism.idempotency.v1.IdempotencyToken";

/** The number and the names of the string that says what a change is of. */
const orderField = { number: 2, names: ["key", "topic"] };

const streamingOfKind = {
  unary: "none",
  client_streaming: "client",
  server_streaming: "server",
  bidi_streaming: "both",
} as const satisfies Record<DescMethod["methodKind"], MethodTraits["streaming"]>;

const patternOfService = new Map(Object.values(patternKinds).map((kind) => [kind.service, kind]));

function patternOf({ parent }: DescMethod) {
  return patternOfService.get(parent.typeName);
}

let ofPrism: ReadonlyMap<string, MethodTraits> | undefined;

/** The traits of one of Prism's own methods, by its path, such as `/prism.keyvalue.v1.KeyValueService/Get`. */
export function methodTraits(path: string): MethodTraits | undefined {
  ofPrism ??= methodTraitsOf(descriptorSet());
  return ofPrism.get(path);
}

/** The traits of every method of a serialized `google.protobuf.FileDescriptorSet`, by path. Throws when it cannot be read. */
export function methodTraitsOf(fileDescriptorSet: Uint8Array): ReadonlyMap<string, MethodTraits> {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet));
  const traits = new Map<string, MethodTraits>();
  for (const file of registry.files) {
    for (const service of file.services) {
      for (const method of service.methods) traits.set(`/${service.typeName}/${method.name}`, traitsOf(method));
    }
  }
  return traits;
}

function traitsOf(method: DescMethod): MethodTraits {
  const readOnly = method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
  return {
    readOnly,
    adds: patternOf(method)?.addingMethods.includes(method.name) ?? false,
    tokenField: method.input.fields.find(({ message }) => message?.typeName === tokenType)?.number,
    pattern: patternOf(method)?.name,
    streaming: streamingOfKind[method.methodKind],
    orderedBy: readOnly || method.methodKind !== "unary" ? undefined : orderOf(method),
  };
}

function orderOf(method: DescMethod): MethodTraits["orderedBy"] {
  const isNamed = method.input.fields.some(
    ({ number, name }) => number === orderField.number && orderField.names.includes(name),
  );
  if (isNamed) return "field";
  // A log is in the order of its appends, whatever their keys.
  return patternOf(method)?.name === "stream" ? "namespace" : undefined;
}
