import { pluginv1 } from "@prism-data/pattern-sdk/protocol";
import type { ControlStatus } from "../control/declared-namespaces.js";
import type { TlsStatus } from "../downstream/tls-rotation.js";
import type { NamespaceView, ServiceView } from "../upstream/backends.js";
import type { BackendView } from "../upstream/replicas.js";

/** Where the proxy is in its life. */
export type GatewayPhase = "starting" | "serving" | "draining";

/** What readiness is decided from. */
export interface GatewayStatus {
  readonly phase: GatewayPhase;
  readonly backends: readonly BackendView[];
  readonly namespaces: readonly NamespaceView[];
  readonly services: readonly ServiceView[];
  readonly control: ControlStatus;
  /** Why the last reload was refused. `undefined`: the configuration on disk is the one that serves. */
  readonly reloadProblem: string | undefined;
  /** `undefined`: the data port is not encrypted. */
  readonly tls: TlsStatus | undefined;
  /** Epoch ms. */
  readonly nowMs: number;
}

/** The answer of /readyz. */
export interface Readiness {
  readonly ready: boolean;
  /** One line each: what is well, and what is not and why. */
  readonly checks: readonly { readonly ok: boolean; readonly text: string }[];
}

/**
 * Decides whether the proxy takes calls. A backend or namespace that cannot serve does not make it unready: the others serve,
 * and a load balancer that took the proxy out would take them down, too. It is told instead.
 */
export function readinessOf(status: GatewayStatus): Readiness {
  return {
    ready: status.phase === "serving",
    checks: [
      { ok: status.phase === "serving", text: `proxy ${status.phase}` },
      configCheck(status.reloadProblem),
      ...controlChecks(status.control),
      ...(status.tls === undefined ? [] : tlsChecks(status.tls, status.nowMs)),
      ...status.backends.map(backendCheck),
      ...status.namespaces.map(({ name, state, detail }) => ({
        ok: state === "bound",
        text: `namespace ${JSON.stringify(name)} ${withDetail(state, detail)}`,
      })),
      ...status.services.map(({ name, state, detail }) => ({
        ok: state === "served",
        text: `service ${name} ${withDetail(state, detail)}`,
      })),
    ],
  };
}

/** Lines that a probe gets to read; an operator who asks gets all. */
const probeLinesMax = 50;

/** Writes it the way Kubernetes' own endpoints do: all lines when asked, otherwise only what is not well, and not thousands of it. */
export function formatReadiness(readiness: Readiness, verbose: boolean): string {
  const bad = readiness.checks.filter(({ ok }) => !ok);
  const degraded = bad.length > 0;
  const shown = (verbose ? readiness.checks : bad.slice(0, probeLinesMax)).map(
    ({ ok, text }) => `${ok ? "[+]" : "[-]"}${text}`,
  );
  if (!verbose && bad.length > probeLinesMax) {
    shown.push(`[-]and ${bad.length - probeLinesMax} more; ?verbose shows all`);
  }
  const verdict = readiness.ready ? `ready${degraded ? " (degraded)" : ""}` : "not ready";
  return `${[...shown, verdict].join("\n")}\n`;
}

function configCheck(reloadProblem: string | undefined) {
  if (reloadProblem === undefined) return { ok: true, text: "configuration current" };
  return {
    ok: false,
    text: `configuration: the last good one serves; the changed one was refused: ${oneLine(reloadProblem)}`,
  };
}

function controlChecks({ place, problem, declared, conflicts }: ControlStatus) {
  const state =
    problem === undefined
      ? { ok: true, text: `control state ${place} current, namespaces declared: ${declared}` }
      : { ok: false, text: `control state ${place} cannot be used; what is known serves: ${oneLine(problem)}` };
  return [
    state,
    ...conflicts.map((name) => ({
      ok: false,
      text: `namespace ${JSON.stringify(name)} is declared in the file and over the admin API: the file's serves; remove one`,
    })),
  ];
}

function tlsChecks({ certExpiresMs, clientCaExpiresMs, problem }: TlsStatus, nowMs: number) {
  const expiry = (name: string, expiresMs: number) => {
    const ok = expiresMs > nowMs;
    return { ok, text: `tls ${name} ${ok ? "valid until" : "expired on"} ${new Date(expiresMs).toISOString()}` };
  };
  return [
    expiry("certificate", certExpiresMs),
    ...(clientCaExpiresMs === undefined ? [] : [expiry("client CA", clientCaExpiresMs)]),
    ...(problem === undefined
      ? []
      : [{ ok: false, text: `tls files: the last good ones serve; the changed ones were refused: ${problem}` }]),
  ];
}

function backendCheck({ name, state, detail, health }: BackendView) {
  if (state !== "ready") return { ok: false, text: `backend ${name} ${withDetail(state, detail)}` };
  if (health.backend === pluginv1.BackendHealth.UNREACHABLE) {
    return { ok: false, text: `backend ${name} ${withDetail("unreachable", health.message)}` };
  }
  return { ok: true, text: `backend ${name} ${withDetail(state, detail)}` };
}

function withDetail(state: string, detail: string): string {
  return detail === "" ? state : `${state}: ${oneLine(detail)}`;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, "; ");
}
