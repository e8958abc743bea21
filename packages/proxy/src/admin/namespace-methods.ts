import { adminv1, GatewayError, msFromDuration, timestampFromMs } from "@prism-data/pattern-sdk/protocol";
import type { JsonMap } from "../config/settings.js";
import type { DeclaredNamespaces, NamespaceRecord } from "../control/declared-namespaces.js";
import type { Declaration } from "../control/namespace-declarations.js";
import { deletedRecord } from "../control/unserved-record.js";
import { type AdminMethod, unary } from "./admin-method.js";
import { changedByMask } from "./field-mask.js";
import { invalidField } from "./invalid-field.js";
import { pageOf } from "./page.js";

/** The most namespaces of one ApplyNamespaces: a request of more is a script that should be several. */
const appliedMax = 1_000;

/** How long a deleted namespace can be restored unless its deletion says otherwise, in ms. */
const restorableForMs = { default: 86_400_000, max: 30 * 86_400_000 } as const;

/** The methods of prism.admin.v1.AdminService about namespaces, by path. */
export function namespaceMethods(namespaces: DeclaredNamespaces): readonly [string, AdminMethod][] {
  const shown = (name: string) => shownNamespace(name, namespaces);
  return [
    unary("ListNamespaces", adminv1.ListNamespacesRequest, adminv1.ListNamespacesResponse, (request) => {
      const { page, nextPageToken } = pageOf(namespaces.list(request), request);
      return { namespaces: page.map(namespaceMessage), nextPageToken };
    }),
    unary("GetNamespace", adminv1.GetNamespaceRequest, adminv1.GetNamespaceResponse, ({ name }) => ({
      namespace: shown(name),
    })),
    unary("ApplyNamespaces", adminv1.ApplyNamespacesRequest, adminv1.ApplyNamespacesResponse, (request) =>
      apply(request, namespaces),
    ),
    unary("UpdateNamespace", adminv1.UpdateNamespaceRequest, adminv1.UpdateNamespaceResponse, async (request) => {
      const { namespace = emptyNamespace, updateMask, allowDataLoss } = request;
      const { name, etag, declaration = {} } = namespace;
      const change = (before: JsonMap) => changedByMask(before, declaration, updateMask ?? []);
      await namespaces.changes.update({ name, etag, field: "namespace" }, { change, allowDataLoss });
      return { namespace: shown(name) };
    }),
    unary("DeleteNamespace", adminv1.DeleteNamespaceRequest, adminv1.DeleteNamespaceResponse, async (request) => {
      const { name, etag, deleteData: deletesData } = request;
      const options = { etag, deletesData, restorableForMs: restorableFor(request) };
      // As it was then: its time to be restored may be over already.
      return { namespace: namespaceMessage(deletedRecord(await namespaces.changes.delete(name, options))) };
    }),
    unary("UndeleteNamespace", adminv1.UndeleteNamespaceRequest, adminv1.UndeleteNamespaceResponse, async (request) => {
      const { name, etag } = request;
      await namespaces.changes.restore(name, etag);
      return { namespace: shown(name) };
    }),
    unary("ExplainNamespace", adminv1.ExplainNamespaceRequest, adminv1.ExplainNamespaceResponse, ({ name }) =>
      explain(find(name, namespaces), namespaces),
    ),
  ];
}

/** A namespace as it is now. Throws NAMESPACE_NOT_FOUND. */
export function shownNamespace(name: string, namespaces: DeclaredNamespaces): adminv1.Namespace {
  return namespaceMessage(find(name, namespaces));
}

const emptyNamespace = adminv1.Namespace.decode(new Uint8Array());

async function apply(
  { namespaces: wanted, validateOnly, allowDataLoss, exact: isExact }: adminv1.ApplyNamespacesRequest,
  namespaces: DeclaredNamespaces,
): Promise<adminv1.ApplyNamespacesResponse> {
  if (wanted.length === 0 || wanted.length > appliedMax) {
    throw invalidField("namespaces", `has ${wanted.length} entries; give 1 to ${appliedMax}`);
  }
  const declarations = wanted.map(({ name, declaration = {}, etag }, index): Declaration => {
    return { name, declaration, etag, field: `namespaces[${index}]` };
  });
  const declared = await namespaces.changes.apply(declarations, { validateOnly, allowDataLoss, isExact });
  const answer = ({ name, declaration }: { readonly name: string; readonly declaration: JsonMap }) => {
    const record = namespaces.find(name);
    if (!validateOnly && record !== undefined) return namespaceMessage(record);
    const { pattern, backend } = declaration;
    const source = adminv1.NamespaceSource.API;
    const where = { pattern: String(pattern), backend: String(backend) };
    return { ...emptyNamespace, name, ...where, source, declaration: structuredClone(declaration) };
  };
  return {
    namespaces: declared.map(answer),
    changed: declared.filter(({ isChanged }) => isChanged).map(({ name }) => name),
  };
}

async function explain(
  record: NamespaceRecord,
  namespaces: DeclaredNamespaces,
): Promise<adminv1.ExplainNamespaceResponse> {
  const facts = { namespace: namespaceMessage(record), declaredIn: await namespaces.placeOf(record) };
  if (record.state === "deleted") {
    return { ...facts, compared: false, changes: [], notCompared: "it is deleted" };
  }
  try {
    return { ...facts, compared: true, changes: [...(await namespaces.compare(record.name))], notCompared: "" };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { ...facts, compared: false, changes: [], notCompared: error.message };
  }
}

function find(name: string, namespaces: DeclaredNamespaces): NamespaceRecord {
  const record = namespaces.find(name);
  if (record !== undefined) return record;
  const text = `There is no namespace ${JSON.stringify(name)}.`;
  throw new GatewayError("NAMESPACE_NOT_FOUND", text, { metadata: { namespace: name } });
}

function restorableFor({ restorableFor: given }: adminv1.DeleteNamespaceRequest): number {
  if (given === undefined) return restorableForMs.default;
  const givenMs = msFromDuration(given);
  if (givenMs >= 0 && givenMs <= restorableForMs.max) return givenMs;
  throw invalidField("restorable_for", `is ${givenMs / 1_000} s; give 0 to ${restorableForMs.max / 1_000} s (30 days)`);
}

function namespaceMessage(record: NamespaceRecord): adminv1.Namespace {
  const { name, pattern, backend, state, detail, capabilities, declaration, stored } = record;
  const time = (epochMs: number | undefined) => (epochMs === undefined ? undefined : timestampFromMs(epochMs));
  return {
    name,
    pattern,
    backend,
    state,
    detail,
    capabilities: [...capabilities],
    source: stored === undefined ? adminv1.NamespaceSource.FILE : adminv1.NamespaceSource.API,
    declaration: structuredClone(declaration),
    etag: stored?.etag ?? "",
    createTime: time(stored?.createTimeMs),
    updateTime: time(stored?.updateTimeMs),
    deleteTime: time(stored?.deletion?.deleteTimeMs),
    purgeTime: time(stored?.deletion?.purgeTimeMs),
    deleteData: stored?.deletion?.deletesData ?? false,
  };
}
