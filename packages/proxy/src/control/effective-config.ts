import type { ControlSnapshot, DisabledBackend, StoredNamespace } from "@prism-data/control-state";
import type { Config, DisabledBackendConfig, NamespaceConfig } from "../config/config.js";
import { type ReadDeclaration, readDeclaration } from "../config/declaration.js";
import { formatPath } from "../config/problem.js";
import type { Unserved } from "../messages.js";

/** What serves: what the file declares, and beside it what the control state has. */
export interface EffectiveConfig {
  readonly config: Config;
  /** Names that both declare: the file's serve. */
  readonly conflicts: readonly string[];
  /** Declarations that this proxy cannot read, by name, with the reason. */
  readonly refused: ReadonlyMap<string, string>;
}

interface Known {
  readonly etag: string;
  readonly read: ReadDeclaration;
}

/** Puts the namespaces of the control state beside those of the file, and takes out the backends that it has disabled. */
export class ConfigMerger {
  /** What was read already, by name: most declarations are what they were the time before. */
  #known: ReadonlyMap<string, Known> = new Map();

  merge(configured: Config, { namespaces: stored, disabledBackends }: ControlSnapshot): EffectiveConfig {
    const file = withoutDisabled(configured, disabledBackends);
    if (stored.length === 0) return { config: file, conflicts: [], refused: new Map() };
    this.#known = new Map(stored.map((one) => [one.name, this.#read(one)]));
    const conflicts = stored.filter(({ name }) => file.namespaces.has(name)).map(({ name }) => name);
    const namespaces = new Map<string, NamespaceConfig>(file.namespaces);
    const unserved = new Map<string, Unserved>();
    const refused = new Map<string, string>();
    for (const one of stored) {
      const { name, deletion } = one;
      if (file.namespaces.has(name)) continue;
      const { namespace, problems } = this.#known.get(name)!.read;
      if (deletion !== undefined) unserved.set(name, deleted(name, deletion.purgeTimeMs));
      else if (namespace !== undefined) namespaces.set(name, namespace);
      else {
        const why = problems.map(({ keys, message }) => `${formatPath(keys)}: ${message}`).join("; ");
        refused.set(name, why);
        const message = `Namespace "${name}" takes no calls: this proxy cannot read its declaration: ${why}`;
        unserved.set(name, { reason: "NAMESPACE_UNAVAILABLE", message });
      }
    }
    return { config: Object.freeze({ ...file, namespaces, unserved }), conflicts, refused };
  }

  #read({ name, entry, etag }: StoredNamespace): Known {
    const known = this.#known.get(name);
    return known?.etag === etag ? known : { etag, read: readDeclaration(name, entry) };
  }
}

function withoutDisabled(file: Config, stored: readonly DisabledBackend[]): Config {
  const disabled = stored.flatMap(({ name, reason, disableTimeMs }): [string, DisabledBackendConfig][] => {
    const backend = file.backends.get(name);
    return backend === undefined ? [] : [[name, { backend, reason, disableTimeMs }]];
  });
  if (disabled.length === 0) return file;
  const disabledBackends = new Map(disabled);
  const backends = new Map([...file.backends].filter(([name]) => !disabledBackends.has(name)));
  return Object.freeze({ ...file, backends, disabledBackends });
}

function deleted(name: string, purgeTimeMs: number): Unserved {
  const until = new Date(purgeTimeMs).toISOString();
  const message = `There is no namespace "${name}" any more: it was deleted. It can be restored until ${until}: prism namespace restore ${JSON.stringify(name)}.`;
  return { reason: "NAMESPACE_NOT_FOUND", message };
}
