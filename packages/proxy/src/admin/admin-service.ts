import type { CapacitySources } from "../capacity/capacity-watch.js";
import type { DeclaredNamespaces } from "../control/declared-namespaces.js";
import { NeedsPlanning } from "../planning/needs-planning.js";
import type { Logger } from "../telemetry/log.js";
import type { AdminMethod } from "./admin-method.js";
import { type AdminBackends, backendMethods } from "./backend-methods.js";
import { capacityMethod } from "./capacity-method.js";
import { namespaceMethods } from "./namespace-methods.js";
import { needsMethods } from "./needs-methods.js";

/** The methods of prism.admin.v1.AdminService, by path. */
export function adminMethods(
  backends: AdminBackends,
  namespaces: DeclaredNamespaces,
  { capacity, log }: { capacity: CapacitySources; log: Logger },
): ReadonlyMap<string, AdminMethod> {
  return new Map([
    ...backendMethods(backends, namespaces, log),
    ...namespaceMethods(namespaces),
    capacityMethod(capacity),
    ...needsMethods(new NeedsPlanning(namespaces, backends), namespaces),
  ]);
}
