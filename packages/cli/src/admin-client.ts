import { adminv1 } from "@prism-data/pattern-sdk/protocol";
import type { Method, ProxyConnection } from "./proxy-connection.js";

const service = "/prism.admin.v1.AdminService";

const listBackends: Method<adminv1.ListBackendsRequest, adminv1.ListBackendsResponse> = {
  path: `${service}/ListBackends`,
  request: adminv1.ListBackendsRequest,
  response: adminv1.ListBackendsResponse,
};
const describeBackend: Method<adminv1.DescribeBackendRequest, adminv1.DescribeBackendResponse> = {
  path: `${service}/DescribeBackend`,
  request: adminv1.DescribeBackendRequest,
  response: adminv1.DescribeBackendResponse,
};
const restartBackend: Method<adminv1.RestartBackendRequest, adminv1.RestartBackendResponse> = {
  path: `${service}/RestartBackend`,
  request: adminv1.RestartBackendRequest,
  response: adminv1.RestartBackendResponse,
};

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
