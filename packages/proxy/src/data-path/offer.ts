import { descriptorSet } from "@prism-data/pattern-sdk/protocol";
import type { RouteTable } from "../messages.js";
import type { RouteLookup } from "../routing/route-lookup.js";
import type { Logger } from "../telemetry/log.js";
import { MethodRegistry } from "../transcoding/method-registry.js";
import type { Backend } from "./backend.js";
import { DescribedFiles } from "./described-files.js";
import { healthServiceName, type ServiceHealth } from "./health-service.js";
import { reflectionServiceNames } from "./reflection-service.js";

/** Services that the proxy itself serves. */
export const builtInServices: readonly string[] = [healthServiceName, ...reflectionServiceNames];

/** What the data port offers right now, for those who ask: health checks, reflection, HTTP/JSON. */
export class Offer {
  readonly #routes: () => RouteLookup;
  readonly #backend: (name: string) => Backend;
  readonly #log: Logger;
  #sets: readonly Uint8Array[] = [descriptorSet()];
  /** Made when they are asked for: descriptors take long to read, and an app that speaks gRPC needs none. */
  #methods: MethodRegistry | undefined;
  #files: DescribedFiles | undefined;

  constructor(options: { routes: () => RouteLookup; backend: (name: string) => Backend; log: Logger }) {
    this.#routes = options.routes;
    this.#backend = options.backend;
    this.#log = options.log;
  }

  /** Every service that can be called, by full name. */
  services(): string[] {
    return [...this.#routes().servedServices(), ...builtInServices];
  }

  /** Whether calls of a service would be served now. A pattern's service is, as long as one of its backends is. */
  healthOf(service: string): ServiceHealth {
    if (service === "" || builtInServices.includes(service)) return "serving";
    const backends = this.#routes().backendsOf(service);
    if (backends === undefined) return undefined;
    return backends.some((name) => this.#backend(name).isReady) ? "serving" : "not-serving";
  }

  methods(): MethodRegistry {
    this.#methods ??= new MethodRegistry(this.#sets);
    return this.#methods;
  }

  files(): DescribedFiles {
    this.#files ??= new DescribedFiles(this.#sets);
    return this.#files;
  }

  /** Takes in what the plugins say of their own services. */
  update({ services }: RouteTable): void {
    const sets = [descriptorSet()];
    for (const [service, { backend, fileDescriptorSet }] of services) {
      if (fileDescriptorSet.length > 0 && this.#isReadable(service, backend, fileDescriptorSet))
        sets.push(fileDescriptorSet);
    }
    this.#sets = sets;
    this.#methods = undefined;
    this.#files = undefined;
  }

  #isReadable(service: string, backend: string, set: Uint8Array): boolean {
    try {
      new DescribedFiles([set]);
      return true;
    } catch (error) {
      this.#log.warn(
        { service, backend, err: error },
        "plugin describes its service with an unreadable FileDescriptorSet",
      );
      return false;
    }
  }
}
