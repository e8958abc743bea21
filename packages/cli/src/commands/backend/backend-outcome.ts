import type { adminv1 } from "@prism-data/pattern-sdk/protocol";
import { backendJson } from "../../backend-json.js";
import { jsonLine } from "../../json-line.js";

/** Tells how a backend is now. */
export function backendOutcome(backend: adminv1.Backend | undefined, asJson: boolean): string {
  if (asJson) return jsonLine({ ...(backend !== undefined && { backend: backendJson(backend) }) });
  const { name = "", state = "", detail = "" } = backend ?? {};
  return `${name} is ${detail === "" ? state : `${state}: ${detail}`}\n`;
}
