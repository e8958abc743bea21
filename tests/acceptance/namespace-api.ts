import { callJson, type JsonAnswer, reasonOf } from "./json-call.ts";

/** A namespace as the admin API shows it, as far as the tests look. */
export interface ShownNamespace {
  readonly name: string;
  readonly state: string;
  readonly source: string;
  readonly declaration: Readonly<Record<string, unknown>>;
  readonly detail?: string;
  readonly etag?: string;
  readonly deleteTime?: string;
  readonly purgeTime?: string;
}

/** A refused call of the admin API. */
export class ApiFailure extends Error {
  readonly reason: string | undefined;
  readonly code: unknown;
  /** The fields that BadRequest names. */
  readonly fields: readonly string[];

  constructor(answer: JsonAnswer) {
    super(String(answer.body.message));
    this.reason = reasonOf(answer);
    this.code = answer.body.code;
    const details = (answer.body.details ?? []) as { debug?: { fieldViolations?: { field: string }[] } }[];
    this.fields = details.flatMap(({ debug }) => debug?.fieldViolations?.map(({ field }) => field) ?? []);
  }
}

/** The methods of the admin service about namespaces, in JSON. */
export class NamespaceApi {
  readonly #admin: string;

  constructor(admin: string) {
    this.#admin = admin;
  }

  /** Throws `ApiFailure` when it is refused. */
  async call<T>(method: string, request: object): Promise<T> {
    const answer = await callJson(this.#admin, `prism.admin.v1.AdminService/${method}`, request);
    if (answer.status !== 200) throw new ApiFailure(answer);
    return answer.body as T;
  }

  async get(name: string): Promise<ShownNamespace> {
    return (await this.call<{ namespace: ShownNamespace }>("GetNamespace", { name })).namespace;
  }

  async list(request: object = {}): Promise<readonly ShownNamespace[]> {
    return (await this.call<{ namespaces?: ShownNamespace[] }>("ListNamespaces", request)).namespaces ?? [];
  }

  /** Declares namespaces by name. */
  async apply(
    declarations: Readonly<Record<string, object>>,
    more: object = {},
  ): Promise<{ namespaces: ShownNamespace[]; changed?: string[] }> {
    const namespaces = Object.entries(declarations).map(([name, declaration]) => ({ name, declaration }));
    return await this.call("ApplyNamespaces", { namespaces, ...more });
  }

  /** Changes parts of one. */
  async update(namespace: object, more: object = {}): Promise<ShownNamespace> {
    return (await this.call<{ namespace: ShownNamespace }>("UpdateNamespace", { namespace, ...more })).namespace;
  }

  async delete(name: string, more: object = {}): Promise<ShownNamespace> {
    return (await this.call<{ namespace: ShownNamespace }>("DeleteNamespace", { name, ...more })).namespace;
  }

  async restore(name: string): Promise<ShownNamespace> {
    return (await this.call<{ namespace: ShownNamespace }>("UndeleteNamespace", { name })).namespace;
  }
}
