import { adminv1 } from "@prism-data/pattern-sdk/protocol";
import { methodsOf, type ProxyConnection } from "./proxy-connection.js";

const method = methodsOf("prism.admin.v1.AdminService");
const listBackends = method("ListBackends", adminv1.ListBackendsRequest, adminv1.ListBackendsResponse);
const describeBackend = method("DescribeBackend", adminv1.DescribeBackendRequest, adminv1.DescribeBackendResponse);
const restartBackend = method("RestartBackend", adminv1.RestartBackendRequest, adminv1.RestartBackendResponse);

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
}
