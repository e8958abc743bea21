import { adminv1 } from "@prism-data/pattern-sdk/protocol";
import { methodsOf, type ProxyConnection } from "./proxy-connection.js";

const method = methodsOf("prism.admin.v1.AdminService");
const listBackends = method("ListBackends", adminv1.ListBackendsRequest, adminv1.ListBackendsResponse);
const describeBackend = method("DescribeBackend", adminv1.DescribeBackendRequest, adminv1.DescribeBackendResponse);
const restartBackend = method("RestartBackend", adminv1.RestartBackendRequest, adminv1.RestartBackendResponse);
const enableBackend = method("EnableBackend", adminv1.EnableBackendRequest, adminv1.EnableBackendResponse);
const disableBackend = method("DisableBackend", adminv1.DisableBackendRequest, adminv1.DisableBackendResponse);

const setBackendReplicas = method(
  "SetBackendReplicas",
  adminv1.SetBackendReplicasRequest,
  adminv1.SetBackendReplicasResponse,
);

const listNamespaces = method("ListNamespaces", adminv1.ListNamespacesRequest, adminv1.ListNamespacesResponse);
const getNamespace = method("GetNamespace", adminv1.GetNamespaceRequest, adminv1.GetNamespaceResponse);
const applyNamespaces = method("ApplyNamespaces", adminv1.ApplyNamespacesRequest, adminv1.ApplyNamespacesResponse);
const updateNamespace = method("UpdateNamespace", adminv1.UpdateNamespaceRequest, adminv1.UpdateNamespaceResponse);
const deleteNamespace = method("DeleteNamespace", adminv1.DeleteNamespaceRequest, adminv1.DeleteNamespaceResponse);
const undeleteNamespace = method(
  "UndeleteNamespace",
  adminv1.UndeleteNamespaceRequest,
  adminv1.UndeleteNamespaceResponse,
);
const explainNamespace = method("ExplainNamespace", adminv1.ExplainNamespaceRequest, adminv1.ExplainNamespaceResponse);
const describeCapacity = method("DescribeCapacity", adminv1.DescribeCapacityRequest, adminv1.DescribeCapacityResponse);
const planNeeds = method("PlanNeeds", adminv1.PlanNeedsRequest, adminv1.PlanNeedsResponse);
const applyNeeds = method("ApplyNeeds", adminv1.ApplyNeedsRequest, adminv1.ApplyNeedsResponse);
const getSchema = method("GetNamespaceSchema", adminv1.GetNamespaceSchemaRequest, adminv1.GetNamespaceSchemaResponse);

/** A namespace of which nothing is said. */
export const emptyNamespace = adminv1.Namespace.decode(new Uint8Array());

/** The calls of the admin API that the command makes. */
export class AdminClient {
  readonly #connection: ProxyConnection;

  constructor(connection: ProxyConnection) {
    this.#connection = connection;
  }

  listBackends(): Promise<adminv1.ListBackendsResponse> {
    return this.#connection.unary(listBackends, {}, "list the backends");
  }

  describeBackend(backend: string): Promise<adminv1.DescribeBackendResponse> {
    return this.#connection.unary(describeBackend, { backend }, `describe the backend ${JSON.stringify(backend)}`);
  }

  restartBackend(backend: string): Promise<adminv1.RestartBackendResponse> {
    return this.#connection.unary(restartBackend, { backend }, `restart the backend ${JSON.stringify(backend)}`);
  }

  setBackendReplicas(backend: string, replicas: number): Promise<adminv1.SetBackendReplicasResponse> {
    const tried = `give the backend ${JSON.stringify(backend)} ${replicas} replicas`;
    return this.#connection.finished(setBackendReplicas, { backend, replicas }, tried);
  }

  async enableBackend(backend: string): Promise<adminv1.Backend | undefined> {
    const tried = `enable the backend ${JSON.stringify(backend)}`;
    return (await this.#connection.finished(enableBackend, { backend }, tried)).backend;
  }

  async disableBackend(backend: string, reason: string): Promise<adminv1.Backend | undefined> {
    const tried = `disable the backend ${JSON.stringify(backend)}`;
    return (await this.#connection.finished(disableBackend, { backend, reason }, tried)).backend;
  }

  /** All of them, page by page. */
  async listNamespaces(showDeleted: boolean): Promise<readonly adminv1.Namespace[]> {
    const namespaces: adminv1.Namespace[] = [];
    let pageToken = "";
    do {
      const request = { pageSize: 0, pageToken, showDeleted };
      const page = await this.#connection.unary(listNamespaces, request, "list the namespaces");
      namespaces.push(...page.namespaces);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return namespaces;
  }

  async getNamespace(name: string): Promise<adminv1.Namespace> {
    const answer = await this.#connection.unary(getNamespace, { name }, `show the namespace ${JSON.stringify(name)}`);
    return answer.namespace ?? emptyNamespace;
  }

  applyNamespaces(request: adminv1.ApplyNamespacesRequest): Promise<adminv1.ApplyNamespacesResponse> {
    return this.#connection.finished(applyNamespaces, request, "declare the namespaces");
  }

  async updateNamespace(request: adminv1.UpdateNamespaceRequest): Promise<adminv1.Namespace> {
    const tried = `change the namespace ${JSON.stringify(request.namespace?.name)}`;
    return (await this.#connection.finished(updateNamespace, request, tried)).namespace ?? emptyNamespace;
  }

  async deleteNamespace(request: adminv1.DeleteNamespaceRequest): Promise<adminv1.Namespace> {
    const tried = `delete the namespace ${JSON.stringify(request.name)}`;
    return (await this.#connection.finished(deleteNamespace, request, tried)).namespace ?? emptyNamespace;
  }

  async undeleteNamespace(name: string): Promise<adminv1.Namespace> {
    const tried = `restore the namespace ${JSON.stringify(name)}`;
    const answer = await this.#connection.finished(undeleteNamespace, { name, etag: "" }, tried);
    return answer.namespace ?? emptyNamespace;
  }

  /** Answers after the window that is asked for. */
  describeCapacity(request: adminv1.DescribeCapacityRequest): Promise<adminv1.DescribeCapacityResponse> {
    return this.#connection.unary(describeCapacity, request, "watch the namespaces");
  }

  explainNamespace(name: string): Promise<adminv1.ExplainNamespaceResponse> {
    return this.#connection.unary(explainNamespace, { name }, `explain the namespace ${JSON.stringify(name)}`);
  }

  async planNeeds(request: adminv1.PlanNeedsRequest): Promise<adminv1.NeedsPlan> {
    const { plan } = await this.#connection.unary(planNeeds, request, "plan what the app needs");
    return plan ?? { namespaces: [], unused: [], etag: "" };
  }

  applyNeeds(request: adminv1.ApplyNeedsRequest): Promise<adminv1.ApplyNeedsResponse> {
    return this.#connection.finished(applyNeeds, request, "make what the app needs");
  }

  getNamespaceSchema(name: string): Promise<adminv1.GetNamespaceSchemaResponse> {
    const tried = `show what is kept of the messages in ${JSON.stringify(name)}`;
    return this.#connection.unary(getSchema, { name }, tried);
  }
}
