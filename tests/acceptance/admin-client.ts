import { eventually } from "./eventually.ts";
import { GrpcClient } from "./grpc-client.ts";

/** One backend as `ListBackends` tells. */
export interface ListedBackend {
  readonly name: string;
  readonly state: string;
  readonly detail: string;
  readonly pid: number;
  readonly restarts: number;
  readonly replicas: readonly { readonly state: string; readonly pid: number }[];
}

const answersWithinMs = 5_000;

/** The backend as the admin API shows it now; `undefined` when it is not configured. */
export async function findBackend(admin: string, name: string): Promise<ListedBackend | undefined> {
  using client = new GrpcClient(admin, "prism.admin.v1.AdminService");
  const { backends } = await client.unary<{ backends: ListedBackend[] }>("ListBackends", {}, answersWithinMs);
  return backends.find((candidate) => candidate.name === name);
}

/** The same for a backend that must be configured. */
export async function backendOf(admin: string, name: string): Promise<ListedBackend> {
  const backend = await findBackend(admin, name);
  if (backend === undefined) throw new Error(`there is no backend ${name}`);
  return backend;
}

/** The process id of the plugin that serves the backend, other than `notPid`. */
export function pluginPid(admin: string, name: string, notPid = 0, withinMs = 15_000): Promise<number> {
  return eventually(`a ready plugin for ${name} other than process ${notPid}`, withinMs, async () => {
    const backend = await findBackend(admin, name);
    return backend?.state === "ready" && backend.pid !== 0 && backend.pid !== notPid && backend.pid;
  });
}
