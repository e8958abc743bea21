import { adminv1, GatewayError, timestampFromMs } from "@prism-data/pattern-sdk/protocol";
import { suggest } from "../config/suggestion.js";
import type { DeclaredNamespaces } from "../control/declared-namespaces.js";
import type { Logger } from "../telemetry/log.js";
import type { NamespaceView } from "../upstream/backends.js";
import type { BackendView } from "../upstream/replicas.js";
import type { ReplicaView } from "../upstream/supervisor.js";
import { type AdminMethod, unary } from "./admin-method.js";
import { invalidField } from "./invalid-field.js";

/** The most characters of a reason: it stands in every refusal. */
const reasonLengthMax = 500;

/** What the methods tell about and act on. */
export interface AdminBackends {
  list(): readonly BackendView[];
  listNamespaces(): readonly NamespaceView[];
  restart(name: string): Promise<void>;
  scale(name: string, replicas: number): Promise<void>;
}

/** The methods of prism.admin.v1.AdminService about backends, by path. */
export function backendMethods(
  backends: AdminBackends,
  namespaces: DeclaredNamespaces,
  log: Logger,
): readonly [string, AdminMethod][] {
  const shown = (name: string) => messagesOf([find(name, backends)], backends)[0];
  return [
    unary("ListBackends", adminv1.ListBackendsRequest, adminv1.ListBackendsResponse, () => ({
      backends: messagesOf(backends.list(), backends),
    })),
    unary("DescribeBackend", adminv1.DescribeBackendRequest, adminv1.DescribeBackendResponse, ({ backend }) => ({
      backend: shown(backend),
      plugin: find(backend, backends).description,
    })),
    unary("RestartBackend", adminv1.RestartBackendRequest, adminv1.RestartBackendResponse, async ({ backend }) => {
      await restart(backend, backends);
      return { backend: shown(backend) };
    }),
    unary(
      "SetBackendReplicas",
      adminv1.SetBackendReplicasRequest,
      adminv1.SetBackendReplicasResponse,
      async (request) => {
        await scale(request, backends, log);
        return { backend: shown(request.backend) };
      },
    ),
    unary("DisableBackend", adminv1.DisableBackendRequest, adminv1.DisableBackendResponse, async (request) => {
      const { backend, reason } = request;
      find(backend, backends);
      checkReason(reason);
      await namespaces.disableBackend(backend, reason);
      return { backend: shown(backend) };
    }),
    unary("EnableBackend", adminv1.EnableBackendRequest, adminv1.EnableBackendResponse, async ({ backend }) => {
      find(backend, backends);
      await namespaces.enableBackend(backend);
      return { backend: shown(backend) };
    }),
  ];
}

function checkReason(reason: string): void {
  if (reason.length <= reasonLengthMax && !/\p{Cc}/u.test(reason)) return;
  throw invalidField(
    "reason",
    `is too long or has several lines; give up to ${reasonLengthMax} characters on one line`,
  );
}

async function restart(name: string, backends: AdminBackends): Promise<void> {
  find(name, backends);
  try {
    await backends.restart(name);
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError("PLUGIN_UNAVAILABLE", `Backend ${name} was not replaced: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function checkReplicas(replicas: number, { name, replicaBounds: { min, max } }: BackendView): void {
  if (replicas >= min && replicas <= max) return;
  const range = min === max ? `exactly ${min}` : `${min} to ${max}`;
  const description = `backend ${name} may have ${range}, and ${replicas} were asked for; change backends.${name}.replicas in prism.yaml to allow others`;
  throw new GatewayError("INVALID_FIELD", `Replicas out of bounds: ${description}`, {
    fieldViolations: [{ field: "replicas", description }],
  });
}

async function scale(
  { backend, replicas }: adminv1.SetBackendReplicasRequest,
  backends: AdminBackends,
  log: Logger,
): Promise<void> {
  const view = find(backend, backends);
  checkReplicas(replicas, view);
  const before = view.replicas.length;
  log.info({ backend, before, replicas }, "replicas of a backend set over the admin API");
  try {
    await backends.scale(backend, replicas);
  } catch (cause) {
    const text = `Backend ${backend} does not have ${replicas} replicas that serve yet: ${(cause as Error).message} It is tried again; prism plugin describe ${backend} shows what becomes of it.`;
    throw new GatewayError("PLUGIN_UNAVAILABLE", text, { cause });
  }
}

function find(name: string, backends: AdminBackends): BackendView {
  const views = backends.list();
  const view = views.find((candidate) => candidate.name === name);
  if (view !== undefined) return view;
  const known = views.map((candidate) => candidate.name);
  const description = `no backend ${JSON.stringify(name)} is configured; ${suggest(name, known)}`;
  throw new GatewayError("INVALID_FIELD", `${description[0]?.toUpperCase()}${description.slice(1)}`, {
    fieldViolations: [{ field: "backend", description }],
  });
}

function messagesOf(views: readonly BackendView[], backends: AdminBackends): adminv1.Backend[] {
  const byBackend = Map.groupBy(backends.listNamespaces(), ({ backend }) => backend);
  return views.map((view) => backendMessage(view, byBackend.get(view.name) ?? []));
}

function backendMessage(view: BackendView, namespaces: readonly NamespaceView[]): adminv1.Backend {
  return {
    name: view.name,
    plugin: view.plugin,
    version: view.version,
    state: view.state,
    detail: view.detail,
    stateTime: timestampFromMs(Math.floor(view.stateSinceMs)),
    pid: BigInt(view.pid),
    restarts: view.restarts,
    health: view.health.backend,
    namespaces: namespaces.map(({ name }) => name),
    replicas: view.replicas.map(replicaMessage),
    replicasMin: view.replicaBounds.min,
    replicasMax: view.replicaBounds.max,
  };
}

function replicaMessage({ stateSinceMs, pid, health, ...same }: ReplicaView): adminv1.Replica {
  return {
    ...same,
    stateTime: timestampFromMs(Math.floor(stateSinceMs)),
    pid: BigInt(pid),
    health: health.backend,
  };
}
