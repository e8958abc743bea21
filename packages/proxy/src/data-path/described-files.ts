import { type DescFile, type DescMessage, type FileRegistry, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { readFileRegistry } from "../transcoding/file-registry.js";

/** The proto files behind the services on offer, by their names and by what they define. */
export class DescribedFiles {
  readonly #byName = new Map<string, DescFile>();
  readonly #bySymbol = new Map<string, DescFile>();
  /** By the extended message, then by number. */
  readonly #extensions = new Map<string, Map<number, DescFile>>();

  /** Earlier sets win. Throws when a set cannot be read. */
  constructor(fileDescriptorSets: readonly Uint8Array[]) {
    for (const set of fileDescriptorSets) this.#add(readFileRegistry(set));
  }

  /** The serialized files that a named one consists of: itself, then everything that it imports. */
  named(fileName: string): Uint8Array[] | undefined {
    return withImports(this.#byName.get(fileName));
  }

  /** The same for the file that defines a message, enum, service, method, field or extension. */
  defining(symbol: string): Uint8Array[] | undefined {
    return withImports(this.#bySymbol.get(symbol));
  }

  /** The same for the file that defines an extension. */
  extending(typeName: string, number: number): Uint8Array[] | undefined {
    return withImports(this.#extensions.get(typeName)?.get(number));
  }

  /** The numbers of a message's known extensions. `undefined`: there is no such message. */
  extensionNumbers(typeName: string): number[] | undefined {
    const known = this.#extensions.get(typeName);
    if (known !== undefined) return [...known.keys()];
    return this.#bySymbol.has(typeName) ? [] : undefined;
  }

  #add(registry: FileRegistry): void {
    for (const file of registry.files) {
      if (this.#byName.has(file.proto.name)) continue;
      this.#byName.set(file.proto.name, file);
      for (const message of file.messages) this.#addMessage(message, file);
      for (const described of [...file.enums, ...file.extensions]) this.#bySymbol.set(described.typeName, file);
      for (const service of file.services) {
        this.#bySymbol.set(service.typeName, file);
        for (const method of service.methods) this.#bySymbol.set(`${service.typeName}.${method.name}`, file);
      }
      for (const extension of file.extensions) this.#addExtension(extension.extendee.typeName, extension.number, file);
    }
  }

  #addMessage(message: DescMessage, file: DescFile): void {
    this.#bySymbol.set(message.typeName, file);
    for (const field of message.fields) this.#bySymbol.set(`${message.typeName}.${field.name}`, file);
    for (const described of [...message.nestedEnums, ...message.nestedExtensions]) {
      this.#bySymbol.set(described.typeName, file);
    }
    for (const { extendee, number } of message.nestedExtensions) this.#addExtension(extendee.typeName, number, file);
    for (const nested of message.nestedMessages) this.#addMessage(nested, file);
  }

  #addExtension(typeName: string, number: number, file: DescFile): void {
    const known = this.#extensions.get(typeName) ?? new Map<number, DescFile>();
    known.set(number, file);
    this.#extensions.set(typeName, known);
  }
}

function withImports(file: DescFile | undefined): Uint8Array[] | undefined {
  if (file === undefined) return undefined;
  const files = new Set<DescFile>([file]);
  // A set may grow while it is walked: each import is visited once.
  for (const each of files) for (const imported of each.dependencies) files.add(imported);
  return [...files].map((each) => toBinary(FileDescriptorProtoSchema, each.proto));
}
