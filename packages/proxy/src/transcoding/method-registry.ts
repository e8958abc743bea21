import type { DescMethod, FileRegistry, Registry } from "@bufbuild/protobuf";
import { readFileRegistry } from "./file-registry.js";

/** A method with the types that its messages may refer to. */
export interface DescribedMethod {
  readonly method: DescMethod;
  readonly types: Registry;
}

/** What is known of methods by name: their messages, and how these look as JSON. */
export class MethodRegistry {
  readonly #methods = new Map<string, DescribedMethod>();

  /** Earlier sets win: a plugin's set cannot redefine what Prism itself describes. Throws when a set cannot be read. */
  constructor(fileDescriptorSets: readonly Uint8Array[]) {
    for (const set of fileDescriptorSets) this.#add(readFileRegistry(set));
  }

  /** The method that a path such as `/prism.keyvalue.v1.KeyValueService/Get` names. */
  find(path: string): DescribedMethod | undefined {
    return this.#methods.get(path);
  }

  #add(types: FileRegistry): void {
    for (const file of types.files) {
      for (const service of file.services) {
        for (const method of service.methods) {
          const path = `/${service.typeName}/${method.name}`;
          if (!this.#methods.has(path)) this.#methods.set(path, { method, types });
        }
      }
    }
  }
}
