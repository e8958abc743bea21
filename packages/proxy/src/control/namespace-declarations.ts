import { isDeepStrictEqual } from "node:util";
import type { StoredNamespace, StoredSchema, Write } from "@prism-data/control-state";
import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import type { Config } from "../config/config.js";
import { declarationProblems } from "../config/declaration.js";
import { formatPath } from "../config/problem.js";
import type { JsonMap } from "../config/settings.js";
import { settledWithin } from "../settled-within.js";
import { type ControlStore, StaleWriteError } from "./control-store.js";
import { placeInFile } from "./place-in-file.js";

/** How long a change waits for its namespaces to be bound, in ms. Then the answer tells the state that they are in. */
const boundWithinMs = 5_000;

/**
 * How often a change is decided anew because another proxy's came first. Each round somebody's change is stored, so this is how many
 * changes of others may come between.
 */
const attemptsMax = 100;

/** A namespace as somebody declares it. */
export interface Declaration {
  readonly name: string;
  readonly declaration: JsonMap;
  /** The state that it was decided on. Empty: any. */
  readonly etag: string;
  /** Where it stands in the request, for problems. */
  readonly field: string;
  /** What is to be kept of the app's messages. Not given: what is kept stays. */
  readonly schema?: StoredSchema;
}

/** What a declaration came to. */
export interface Declared {
  readonly name: string;
  readonly declaration: JsonMap;
  readonly isChanged: boolean;
}

/** What the change of a namespace is decided on. */
interface Decision<Result> {
  readonly writes: readonly Write[];
  /** The answer, from what was written. */
  result(written: readonly StoredNamespace[]): Result;
}

export interface NamespaceDeclarationsOptions {
  readonly store: ControlStore;
  /** What the file declares now. */
  fileConfig(): Config;
  /** Makes what is stored real. Resolves when all of it was tried. */
  takeEffect(): Promise<unknown>;
  /** Epoch ms. */
  now(): number;
}

/** Changes what the control state declares: decided on what is stored, written whole or not at all, then made real. */
export class NamespaceDeclarations {
  readonly #options: NamespaceDeclarationsOptions;
  /** Changes of this proxy do not get in each other's way. */
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(options: NamespaceDeclarationsOptions) {
    this.#options = options;
  }

  /** Makes what is missing and changes what differs; all or none. Throws `GatewayError`. */
  async apply(
    declarations: readonly Declaration[],
    options: {
      readonly validateOnly: boolean;
      readonly allowDataLoss: boolean;
      /** Whether an empty etag means that it must not exist. */
      readonly isExact: boolean;
    },
  ): Promise<readonly Declared[]> {
    const { validateOnly, allowDataLoss, isExact } = options;
    refuseTwins(declarations);
    await this.#refuseThoseOfTheFile(declarations.map(({ name }) => name));
    this.#check(declarations);
    const decide = (stored: ReadonlyMap<string, StoredNamespace>): Decision<readonly Declared[]> => {
      const writes = declarations.flatMap((one) => {
        const before = stored.get(one.name);
        if (isExact && one.etag === "" && before !== undefined) throw notExact(one.name, before);
        return putOf(one, before, allowDataLoss);
      });
      const changed = new Set(writes.map(({ name }) => name));
      return { writes, result: () => declarations.map((one) => ({ ...one, isChanged: changed.has(one.name) })) };
    };
    if (validateOnly) return decide(byName(await this.#options.store.read())).result([]);
    return await this.#change(decide);
  }

  /** Changes one to what `change` makes of its declaration. Throws `GatewayError`. */
  async update(
    { name, etag, field }: Omit<Declaration, "declaration">,
    { change, allowDataLoss }: { change(declaration: JsonMap): JsonMap; readonly allowDataLoss: boolean },
  ): Promise<void> {
    await this.#refuseThoseOfTheFile([name]);
    await this.#change((stored) => {
      const one = { name, etag, field, declaration: change(existing(name, stored).entry) };
      this.#check([one]);
      return { writes: putOf(one, stored.get(name), allowDataLoss), result: () => undefined };
    });
  }

  /** Deletes one; deletes it anew when it is deleted already. Returns it as it was then. Throws `GatewayError`. */
  async delete(
    name: string,
    { etag, deletesData, restorableForMs }: { etag: string; deletesData: boolean; restorableForMs: number },
  ): Promise<StoredNamespace> {
    await this.#refuseThoseOfTheFile([name]);
    return await this.#change((stored) => {
      const found = existing(name, stored);
      checkEtag(name, etag, found);
      const purgeTimeMs = this.#options.now() + restorableForMs;
      const write = { kind: "delete", name, etag: found.etag, purgeTimeMs, deletesData } as const;
      return { writes: [write], result: ([written]) => written! };
    });
  }

  /** Takes a deletion back. Throws `GatewayError`. */
  async restore(name: string, etag: string): Promise<void> {
    await this.#refuseThoseOfTheFile([name]);
    await this.#change((stored) => {
      const found = existing(name, stored);
      checkEtag(name, etag, found);
      return { writes: found.deletion ? [{ kind: "restore", name, etag: found.etag }] : [], result: () => undefined };
    });
  }

  async #change<Result>(decide: (stored: ReadonlyMap<string, StoredNamespace>) => Decision<Result>): Promise<Result> {
    const change = this.#lastChange.then(() => this.#decideAndWrite(decide));
    this.#lastChange = change.catch(() => undefined);
    const result = await change;
    await settledWithin(this.#options.takeEffect(), boundWithinMs);
    return result;
  }

  async #decideAndWrite<Result>(
    decide: (stored: ReadonlyMap<string, StoredNamespace>) => Decision<Result>,
  ): Promise<Result> {
    const { store } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const { writes, result } = decide(byName(await store.read()));
      if (writes.length === 0) return result([]);
      try {
        return result(await store.write(writes));
      } catch (error) {
        if (!(error instanceof StaleWriteError)) throw error;
        if (attempt < attemptsMax) continue;
        const text = `Nothing was changed: other changes came first ${attemptsMax} times. Try again.`;
        throw new GatewayError("ETAG_MISMATCH", text, { cause: error });
      }
    }
  }

  async #refuseThoseOfTheFile(names: readonly string[]): Promise<void> {
    const file = this.#options.fileConfig();
    const declared = names.filter((name) => file.namespaces.has(name));
    if (declared.length === 0) return;
    const places = await Promise.all(
      declared.map(async (name) => `${JSON.stringify(name)} is declared in ${await placeInFile(file.file, name)}`),
    );
    const text = `Nothing was changed: ${places.join("; ")}: change it there.`;
    throw new GatewayError("NAMESPACE_IN_FILE", text, { metadata: { namespace: declared.join(",") } });
  }

  #check(declarations: readonly Declaration[]): void {
    const wanted = new Map(declarations.map(({ name, declaration }) => [name, declaration]));
    const problems = declarationProblems(wanted, this.#options.fileConfig());
    if (problems.length === 0) return;
    const fields = new Map(declarations.map(({ name, field }) => [name, field]));
    const text = problems.map(({ keys, message }) => `${formatPath(keys)}: ${message}`).join("; ");
    throw new GatewayError("INVALID_FIELD", `Nothing was changed: ${text}.`, {
      fieldViolations: problems.map(({ keys: [, name, ...rest], message }) => ({
        field: formatPath([`${fields.get(String(name))}`, "declaration", ...rest]).replaceAll('"', ""),
        description: message,
      })),
    });
  }
}

function byName({ namespaces }: { readonly namespaces: readonly StoredNamespace[] }) {
  return new Map(namespaces.map((stored) => [stored.name, stored]));
}

function refuseTwins(declarations: readonly Declaration[]): void {
  const seen = new Set<string>();
  for (const { name, field } of declarations) {
    if (seen.has(name)) {
      const description = `${JSON.stringify(name)} stands twice in the request; name each namespace once`;
      throw new GatewayError("INVALID_FIELD", `Nothing was changed: ${field}.name: ${description}.`, {
        fieldViolations: [{ field: `${field}.name`, description }],
      });
    }
    seen.add(name);
  }
}

/** The write that makes it as declared; none when it is so already. */
function putOf(
  { name, declaration, etag, schema: given }: Declaration,
  stored: StoredNamespace | undefined,
  allowDataLoss: boolean,
): Write[] {
  const schema = given ?? stored?.schema;
  checkEtag(name, etag, stored);
  if (stored?.deletion !== undefined) {
    const until = new Date(stored.deletion.purgeTimeMs).toISOString();
    const text = `Nothing was changed: namespace ${JSON.stringify(name)} is deleted and kept until ${until}. Restore it first, or delete it again with restorable_for 0s to free its name.`;
    throw new GatewayError("NAMESPACE_DELETED", text, { metadata: { namespace: name } });
  }
  if (stored !== undefined && isDeepStrictEqual([stored.entry, stored.schema], [declaration, schema])) return [];
  if (stored !== undefined && !allowDataLoss) refuseMove(name, stored.entry, declaration);
  return [{ kind: "put", name, entry: declaration, ...(schema && { schema }), etag: stored?.etag }];
}

function refuseMove(name: string, before: JsonMap, after: JsonMap): void {
  const moved = ["pattern", "backend"].filter((key) => before[key] !== after[key]);
  if (moved.length === 0) return;
  const changes = moved.map((key) => `its ${key} would become ${after[key]} instead of ${before[key]}`);
  const text = `Nothing was changed: namespace ${JSON.stringify(name)}: ${changes.join(" and ")}, and its data would not move along. Say allow_data_loss to leave it behind.`;
  throw new GatewayError("DATA_LOSS_NOT_ALLOWED", text, { metadata: { namespace: name } });
}

function checkEtag(name: string, etag: string, stored: StoredNamespace | undefined): void {
  if (etag === "" || etag === stored?.etag) return;
  const now = stored === undefined ? "it does not exist" : "it was changed since it was read";
  const text = `Nothing was changed: namespace ${JSON.stringify(name)} does not have the etag that was given: ${now}. Read it again and decide anew.`;
  const metadata = { namespace: name, ...(stored !== undefined && { current_etag: stored.etag }) };
  throw new GatewayError("ETAG_MISMATCH", text, { metadata });
}

function notExact(name: string, { etag }: StoredNamespace): GatewayError {
  const text = `Nothing was changed: namespace ${JSON.stringify(name)} exists, and no etag was given for it. Read it and decide anew.`;
  return new GatewayError("ETAG_MISMATCH", text, { metadata: { namespace: name, current_etag: etag } });
}

function existing(name: string, stored: ReadonlyMap<string, StoredNamespace>): StoredNamespace {
  const found = stored.get(name);
  if (found !== undefined) return found;
  const text = `There is no namespace ${JSON.stringify(name)}.`;
  throw new GatewayError("NAMESPACE_NOT_FOUND", text, { metadata: { namespace: name } });
}
