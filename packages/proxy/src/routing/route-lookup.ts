import { GatewayError, type MethodTraits, patternServices } from "@prism-data/pattern-sdk/protocol";
import type { NamespaceRoute, RouteTable } from "../messages.js";
import type { CallLabels, CallMetrics } from "../telemetry/call-metrics.js";
import { NameIndex } from "./name-index.js";
import { listNames } from "./name-list.js";
import { nameEnd, nameStart } from "./namespace-field.js";
import type { NamespaceQuota, NamespaceQuotas } from "./namespace-quota.js";

/** Where the calls of one method of one namespace, or of one whole service, go. Built on first use and kept with its table. */
export interface Route {
  readonly backend: string;
  /** Of a namespaced route; `undefined`: the service is routed whole, and nothing in its messages is read. */
  readonly namespace: string | undefined;
  /** The same, percent-encoded, as the plugin is told it. */
  readonly namespaceHeader: string | undefined;
  /** How long a unary call may take when its caller does not say less. `undefined`: as long as its caller says. */
  readonly timeoutMs: number | undefined;
  readonly readOnly: boolean;
  /** Whether its calls may make the namespace hold more. */
  readonly adds: boolean;
  readonly tokenField: number | undefined;
  readonly orderedBy: MethodTraits["orderedBy"];
  /** Whether the request is one message, as far as is known. */
  readonly singleRequest: boolean;
  readonly metrics: CallMetrics;
  /** `undefined`: the namespace has none. */
  readonly quota: NamespaceQuota | undefined;
}

/** The namespace is configured, but not made real on its backend. */
export class NotBoundError extends GatewayError {
  readonly backend: string;

  constructor(
    namespace: string,
    { state, reason, backend, refusedAs = "NAMESPACE_UNAVAILABLE" }: NamespaceRoute & { state: "pending" | "failed" },
  ) {
    const text = `Namespace "${namespace}" is ${state}, so it takes no calls: ${reason}`;
    super(refusedAs, text, { metadata: { namespace } });
    this.backend = backend;
  }
}

interface NamespaceEntry {
  readonly name: string;
  readonly route: NamespaceRoute;
  readonly byPath: Map<string, Route>;
  /** The one that was asked for last: with thousands of namespaces, each look into one more map is a wait for memory. */
  lastPath: string;
  lastRoute: Route | undefined;
}

/** What a lookup is made with besides its table. */
export interface RouteLookupParts {
  readonly callMetrics: (labels: CallLabels) => CallMetrics;
  readonly quotas: NamespaceQuotas;
  /** The lookup before this one; what it made of routes that are still the same is kept. */
  readonly before?: RouteLookup | undefined;
}

/** The routing table, ready for lookups. Never changes: a new table is a new lookup, and calls keep what they found. */
export class RouteLookup {
  readonly #namespaces = new Map<string, NamespaceEntry>();
  /** Those that were called: no more than there are, whatever names apps try. */
  readonly #called = new NameIndex<NamespaceEntry>();
  readonly #backendNames = new Map<string, string>();
  readonly #services = new Map<string, Route>();
  readonly #callMetrics: (labels: CallLabels) => CallMetrics;
  readonly #quotas: NamespaceQuotas;
  /** Made when the first app asks for what is not there: with thousands of names they take long. */
  readonly #existing = new Map<string | undefined, string>();
  readonly #backendsOf = new Map<string, string[]>();
  readonly table: RouteTable;

  constructor(table: RouteTable, { callMetrics, quotas, before }: RouteLookupParts) {
    this.table = table;
    this.#callMetrics = callMetrics;
    this.#quotas = quotas;
    const entriesBefore = before === undefined ? new Map<string, NamespaceEntry>() : before.#namespaces;
    for (const [name, route] of table.namespaces) {
      const known = entriesBefore.get(name);
      this.#namespaces.set(name, known?.route === route ? known : newEntry(name, route));
    }
    for (const [service, { backend }] of table.services)
      this.#services.set(service, this.#serviceRoute(service, backend));
  }

  /** The route of a namespace's method. Throws NAMESPACE_NOT_FOUND, PATTERN_MISMATCH, or as what a namespace that is not bound is refused. */
  namespaced(namespace: string, path: string, traits: MethodTraits): Route {
    const entry = this.#namespaces.get(namespace);
    if (entry === undefined) throw this.#notFound(namespace);
    this.#called.add(entry);
    const known = entry.byPath.get(path);
    if (known !== undefined) return known;
    const route = this.#methodRoute({ namespace: entry.name, path }, entry.route, traits);
    entry.byPath.set(path, route);
    return route;
  }

  /** The same for a call with this first chunk, if one like it was made before. `undefined`: look closer. */
  knownAtStart(chunk: Buffer, path: string): Route | undefined {
    const end = nameEnd(chunk);
    const entry = end === 0 ? undefined : this.#called.find(chunk, nameStart, end);
    if (entry === undefined || entry.lastPath === path) return entry?.lastRoute;
    entry.lastRoute = entry.byPath.get(path);
    entry.lastPath = path;
    return entry.lastRoute;
  }

  /** The route of a service that a backend serves whole. */
  service(name: string): Route | undefined {
    return this.#services.get(name);
  }

  /** The services that apps can call, sorted. */
  servedServices(): string[] {
    const ofPatterns = this.table.patterns.flatMap((pattern) => serviceOfPattern(pattern) ?? []);
    return [...ofPatterns, ...this.#services.keys()].sort();
  }

  /** The backends that serve a service: of a pattern, those of its namespaces. `undefined`: no such service. */
  backendsOf(service: string): string[] | undefined {
    const known = this.#backendsOf.get(service);
    if (known !== undefined) return known;
    const found = this.#findBackendsOf(service);
    if (found !== undefined) this.#backendsOf.set(service, found);
    return found;
  }

  #findBackendsOf(service: string): string[] | undefined {
    const routed = this.#services.get(service);
    if (routed !== undefined) return [routed.backend];
    const pattern = this.table.patterns.find((each) => serviceOfPattern(each) === service);
    if (pattern === undefined) return undefined;
    const bound = [...this.table.namespaces.values()].filter(
      (route) => route.pattern === pattern && route.state === "bound",
    );
    return [...new Set(bound.map((route) => route.backend))];
  }

  #methodRoute(called: { namespace: string; path: string }, route: NamespaceRoute, traits: MethodTraits): Route {
    const { namespace, path } = called;
    const pattern = traits.pattern ?? "";
    if (route.pattern !== pattern) throw this.#patternMismatch(called, route.pattern, pattern);
    if (route.state !== "bound") throw new NotBoundError(namespace, route);
    const method = path.slice(path.lastIndexOf("/") + 1);
    return {
      backend: this.#oneText(route.backend),
      namespace,
      namespaceHeader: percentEncoded(namespace),
      timeoutMs: traits.streaming === "none" ? route.timeoutMs : undefined,
      readOnly: traits.readOnly,
      adds: traits.adds,
      tokenField: traits.tokenField,
      orderedBy: traits.orderedBy,
      singleRequest: traits.streaming === "none" || traits.streaming === "server",
      metrics: this.#callMetrics({ namespace, pattern, method }),
      quota: this.#quotas.of(namespace, route.quota),
    };
  }

  /** The same text for all routes to a backend: they would each bring a copy of its name into the processor's memory. */
  #oneText(backend: string): string {
    const known = this.#backendNames.get(backend);
    if (known === undefined) this.#backendNames.set(backend, backend);
    return known ?? backend;
  }

  #serviceRoute(service: string, backend: string): Route {
    return {
      backend,
      namespace: undefined,
      namespaceHeader: undefined,
      timeoutMs: undefined,
      readOnly: false,
      adds: false,
      tokenField: undefined,
      orderedBy: undefined,
      singleRequest: false,
      // One series per service: its methods are known to callers and the plugin, not to the configuration.
      metrics: this.#callMetrics({ namespace: "", pattern: "", method: service }),
      quota: undefined,
    };
  }

  #notFound(namespace: string): GatewayError {
    const unserved = this.table.unserved.get(namespace);
    if (unserved !== undefined) return new GatewayError(unserved.reason, unserved.message, { metadata: { namespace } });
    const text = `There is no namespace "${namespace}". ${this.#namespacesThatExist()}`;
    return new GatewayError("NAMESPACE_NOT_FOUND", text, { metadata: { namespace } });
  }

  #patternMismatch(
    { namespace, path }: { namespace: string; path: string },
    actual: string,
    wanted: string,
  ): GatewayError {
    const text = `Namespace "${namespace}" has the pattern ${actual}, but ${path.slice(1)} is a method of ${wanted}. Namespaces with ${wanted}: ${this.#namesWith(wanted)}.`;
    return new GatewayError("PATTERN_MISMATCH", text, { metadata: { namespace, pattern: actual } });
  }

  #namespacesThatExist(): string {
    return this.#namespaces.size === 0
      ? "No namespace is configured yet; add one under namespaces: in prism.yaml."
      : `Configured are: ${this.#namesWith(undefined)}.`;
  }

  /** Namespaces with a pattern; `undefined`: all. */
  #namesWith(pattern: string | undefined): string {
    const known = this.#existing.get(pattern);
    if (known !== undefined) return known;
    const fitting = [...this.table.namespaces].filter(
      ([, route]) => pattern === undefined || route.pattern === pattern,
    );
    const text = listNames(fitting.map(([name]) => name));
    this.#existing.set(pattern, text);
    return text;
  }
}

function newEntry(name: string, route: NamespaceRoute): NamespaceEntry {
  return { name, route, byPath: new Map(), lastPath: "", lastRoute: undefined };
}

/** The text itself where it may stay as it is. */
function percentEncoded(text: string): string {
  const encoded = encodeURIComponent(text);
  return encoded === text ? text : encoded;
}

function serviceOfPattern(pattern: string): string | undefined {
  return Object.hasOwn(patternServices, pattern) ? patternServices[pattern as keyof typeof patternServices] : undefined;
}
