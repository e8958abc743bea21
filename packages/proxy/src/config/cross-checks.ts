import path from "node:path";
import { patternServices } from "@prism-data/pattern-sdk/protocol";
import { type PluginProgram, type PluginSearch, resolveCommand, resolvePlugin } from "../upstream/resolve-plugin.js";
import type { StaticPattern } from "../upstream/static-description.js";
import { isLoopback, parseAddress } from "./address.js";
import { optionsProblems } from "./namespace-options.js";
import { settingsProblems } from "./plugin-settings.js";
import type { LocatedProblem } from "./problem.js";
import { suggest } from "./suggestion.js";
import { readTlsFiles } from "./tls-files.js";

/** Services that the proxy itself answers for; a plugin cannot take them over. */
const ownServices = [
  ...Object.values(patternServices),
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
];

/** What the checks between parts of a configuration found. */
export interface CrossChecked {
  readonly problems: readonly LocatedProblem[];
  /** The programs of the backends whose plugins were found. */
  readonly programs: ReadonlyMap<string, PluginProgram>;
}

/**
 * Checks the parts of a configuration against each other and against the plugins that are installed. Takes the unchecked
 * tree, so that these problems are reported together with those of the schema; what has the wrong type is left to the schema.
 */
export async function crossCheck(tree: unknown, search: PluginSearch): Promise<CrossChecked> {
  const root = mapOf(tree);
  const { problems, programs } = await checkBackends(mapOf(root.backends), search);
  return {
    programs,
    problems: [
      ...checkListen(root),
      ...checkEncryption(root),
      ...(await checkTls(mapOf(root.tls), search.dir)),
      ...problems,
      ...checkNamespaces(mapOf(root.namespaces), mapOf(root.backends), programs),
      ...checkServices(mapOf(root.services), mapOf(root.backends), programs),
      ...checkNames(root),
    ],
  };
}

function checkListen(root: TreeMap): LocatedProblem[] {
  const listen = mapOf(root.admin).listen;
  if (typeof root.listen !== "string" || typeof listen !== "string" || root.listen !== listen) return [];
  if (parseAddress(listen)?.port === 0) return [];
  return [{ keys: ["admin", "listen"], message: "is the same address as listen; give the admin port one of its own" }];
}

/** What crosses a network must be encrypted, unless the operator says that something else takes care of it. */
function checkEncryption(root: TreeMap): LocatedProblem[] {
  if (root.tls !== undefined || root.allow_plaintext === true || typeof root.listen !== "string") return [];
  const address = parseAddress(root.listen);
  if (address === undefined || isLoopback(address)) return [];
  const message =
    "other machines can reach this address, and nothing is encrypted; configure tls with cert_file and key_file, or set allow_plaintext: true where something else encrypts";
  return [{ keys: ["listen"], message }];
}

async function checkTls(tls: TreeMap, dir: string): Promise<LocatedProblem[]> {
  const { cert_file, key_file, client_ca_file, client_certificates: mode } = tls;
  if ((mode === "request" || mode === "require") && client_ca_file === undefined) {
    const message = "needs client_ca_file, the certificates that may sign those of apps";
    return [{ keys: ["tls", "client_certificates"], message }];
  }
  if (client_ca_file !== undefined && (mode === undefined || mode === "none")) {
    const message = "is of no use unless client_certificates is request or require";
    return [{ keys: ["tls", "client_ca_file"], message }];
  }
  if (!isFile(cert_file) || !isFile(key_file) || (client_ca_file !== undefined && !isFile(client_ca_file))) return [];
  const files = {
    certFile: path.resolve(dir, cert_file),
    keyFile: path.resolve(dir, key_file),
    clientCaFile: client_ca_file === undefined ? undefined : path.resolve(dir, client_ca_file),
  };
  const read = await readTlsFiles(files, Date.now());
  if ("material" in read) return [];
  return read.problems.map(({ option, message }) => ({ keys: ["tls", option], message }));
}

function isFile(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

async function checkBackends(backends: TreeMap, search: PluginSearch) {
  const problems: LocatedProblem[] = [];
  const programs = new Map<string, PluginProgram>();
  for (const [name, value] of Object.entries(backends)) {
    if (!isMap(value)) continue;
    const { plugin, command } = value;
    const keys = ["backends", name];
    if (plugin === undefined && command === undefined) {
      problems.push({ keys, message: "needs a plugin, such as plugin: redis, or a command" });
    } else if (plugin !== undefined && command !== undefined) {
      problems.push({ keys, message: "has both a plugin and a command; remove one" });
    } else {
      const resolution = await resolve(plugin, command, search);
      if (resolution?.found) {
        programs.set(name, resolution.program);
        problems.push(...checkSettings(value.settings, [...keys, "settings"], resolution.program));
        problems.push(...checkReplicas(value.replicas, [...keys, "replicas"], resolution.program));
      } else if (resolution !== undefined) {
        problems.push({ keys: [...keys, plugin === undefined ? "command" : "plugin"], message: resolution.problem });
      }
    }
  }
  return { problems, programs };
}

/** Compares settings with what the plugin's package says that it takes, when it says anything. */
function checkSettings(settings: unknown, keys: readonly string[], { description }: PluginProgram): LocatedProblem[] {
  if (description?.settings === undefined || !(settings === undefined || isMap(settings))) return [];
  return settingsProblems(settings ?? {}, description.settings).map((problem) => ({
    keys: [...keys, ...problem.keys],
    message: problem.message,
  }));
}

/** Whether the plugin's package says that it may run as several processes. A command says so when it runs. */
function checkReplicas(replicas: unknown, keys: readonly string[], { description }: PluginProgram): LocatedProblem[] {
  const most = isMap(replicas) ? replicas.max : replicas;
  if (typeof most !== "number" || most <= 1 || description === undefined || description.replicable) return [];
  const message =
    "the plugin keeps state in its process, so that only one may serve a backend; leave replicas out, or take another plugin";
  return [{ keys, message }];
}

async function resolve(plugin: unknown, command: unknown, search: PluginSearch) {
  if (typeof plugin === "string" && plugin !== "") return await resolvePlugin(plugin, search);
  if (Array.isArray(command) && command.length > 0 && command.every((part) => typeof part === "string")) {
    return await resolveCommand(command, search.dir);
  }
  return undefined;
}

/** What a namespace asks of a backend. */
interface Wanted {
  readonly keys: readonly string[];
  readonly pattern: string;
  readonly backend: string;
  readonly needs: unknown;
  readonly options: unknown;
  readonly durability: unknown;
  readonly limits: unknown;
}

/** Checks namespaces against the backends and what their plugins offer. */
export function checkNamespaces(
  namespaces: TreeMap,
  backends: TreeMap,
  programs: ReadonlyMap<string, PluginProgram>,
): LocatedProblem[] {
  const patterns = Object.keys(patternServices);
  return Object.entries(namespaces).flatMap(([name, value]): LocatedProblem[] => {
    if (!isMap(value)) return [];
    const keys = ["namespaces", name];
    const { pattern, backend, needs, options, durability, limits } = value;
    if (typeof pattern === "string" && !patterns.includes(pattern)) {
      const message = `${JSON.stringify(pattern)} is not a pattern; ${suggest(pattern, patterns)}`;
      return [{ keys: [...keys, "pattern"], message }, ...checkBackendName(backend, keys, backends)];
    }
    return [
      ...checkBackendName(backend, keys, backends),
      ...(typeof pattern === "string" && typeof backend === "string"
        ? checkOffer({ keys, pattern, backend, needs, options, durability, limits }, programs.get(backend))
        : []),
    ];
  });
}

function checkBackendName(backend: unknown, keys: readonly string[], backends: TreeMap): LocatedProblem[] {
  if (typeof backend !== "string" || Object.hasOwn(backends, backend)) return [];
  const message = `no backend ${JSON.stringify(backend)} is configured; ${suggest(backend, Object.keys(backends))}`;
  return [{ keys: [...keys, "backend"], message }];
}

/** Compares what a namespace wants with what the plugin's package says that it offers, when it says anything. */
function checkOffer(wanted: Wanted, program: PluginProgram | undefined): LocatedProblem[] {
  const offered = program?.description?.patterns;
  if (offered === undefined) return [];
  const pattern = offered.get(wanted.pattern);
  if (pattern === undefined) {
    const message = `the plugin of backend ${JSON.stringify(wanted.backend)} does not offer ${wanted.pattern}; ${suggest(wanted.pattern, [...offered.keys()])}`;
    return [{ keys: [...wanted.keys, "pattern"], message }];
  }
  const checks = [checkNeeds, checkOptions, checkDurability, checkStorage];
  return checks.flatMap((check) => check(wanted, pattern));
}

function checkNeeds({ keys, backend, needs }: Wanted, { capabilities }: StaticPattern): LocatedProblem[] {
  if (!Array.isArray(needs)) return [];
  return needs.flatMap((need, index): LocatedProblem[] => {
    if (typeof need !== "string" || capabilities.includes(need)) return [];
    const message = `the plugin of backend ${JSON.stringify(backend)} does not have ${JSON.stringify(need)}; ${suggest(need, capabilities)}`;
    return [{ keys: [...keys, "needs", index], message }];
  });
}

function checkOptions({ keys, pattern, options }: Wanted, { options: schema }: StaticPattern): LocatedProblem[] {
  if (!(options === undefined || isMap(options))) return [];
  return optionsProblems(options ?? {}, { pattern, schema }).map((problem) => ({
    keys: [...keys, "options", ...problem.keys],
    message: problem.message,
  }));
}

/** What a data system is set to give is known when it runs; that a plugin keeps nothing is known now. */
function checkDurability(
  { keys, backend, durability: needed }: Wanted,
  { durability }: StaticPattern,
): LocatedProblem[] {
  if (needed === undefined || durability !== "ephemeral") return [];
  const message = `the plugin of backend ${JSON.stringify(backend)} keeps nothing beyond its own process (${durability}); take another backend, or leave durability out`;
  return [{ keys: [...keys, "durability"], message }];
}

/** A limit that nobody can count would hold nobody back. */
function checkStorage({ keys, pattern, backend, limits }: Wanted, { countsStorage }: StaticPattern): LocatedProblem[] {
  if (!isMap(limits) || limits.storage_size === undefined || countsStorage === true) return [];
  const message = `the plugin of backend ${JSON.stringify(backend)} cannot count what a namespace of ${pattern} holds; leave it out, or take another backend`;
  return [{ keys: [...keys, "limits", "storage_size"], message }];
}

function checkServices(
  services: TreeMap,
  backends: TreeMap,
  programs: ReadonlyMap<string, PluginProgram>,
): LocatedProblem[] {
  return Object.entries(services).flatMap(([name, value]): LocatedProblem[] => {
    const keys = ["services", name];
    if (ownServices.includes(name)) {
      const message =
        "is a service that Prism routes by namespace or answers itself; it cannot be given to one backend";
      return [{ keys, message }];
    }
    if (!isMap(value)) return [];
    const { backend } = value;
    const offered = typeof backend === "string" ? programs.get(backend)?.description?.services : undefined;
    if (offered === undefined || offered.includes(name)) return checkBackendName(backend, keys, backends);
    const message = `the plugin of backend ${JSON.stringify(backend)} does not serve it; ${suggest(name, offered)}`;
    return [{ keys, message }];
  });
}

/** JavaScript's one name that cannot be a key of a map: it would vanish without a word. */
function checkNames(root: TreeMap): LocatedProblem[] {
  return ["backends", "namespaces", "services"]
    .filter((section) => Object.hasOwn(mapOf(root[section]), "__proto__"))
    .map((section) => ({ keys: [section, "__proto__"], message: "__proto__ cannot be a name; choose another" }));
}

type TreeMap = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is TreeMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mapOf(value: unknown): TreeMap {
  return isMap(value) ? value : {};
}
