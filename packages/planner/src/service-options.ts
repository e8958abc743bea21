import { type OptionCarrier, optionTexts, type RawOptions, throwProblems } from "./options.js";
import type { Problem } from "./problem.js";

/** A service or a method as somebody wrote it. */
export interface ReadService {
  readonly carrier: Extract<OptionCarrier, "service" | "method">;
  /** Its full name. */
  readonly name: string;
  readonly options: RawOptions;
}

/** What each option of services and methods asks for, and what does it in their place: Prism serves patterns, not the app's services. */
const insteadOf: Readonly<Record<string, string>> = {
  require_auth: "Prism asks for certificates with tls.client_certificates in prism.yaml",
  rate_limit_rps: "a namespace's limits.calls_per_second in prism.yaml limits calls",
  version: "it changes nothing",
  idempotent: "writes with an idempotency_token may be sent again",
  timeout_ms: "a namespace's timeout in prism.yaml bounds calls without a deadline",
  cacheable: "answers are not cached yet",
  rpc_cache_ttl_seconds: "answers are not cached yet",
  required_permissions: "permissions are not checked yet",
};

/** What is said of services and methods and not acted on: one line each. Throws NeedsError for options that are none. */
export function unusedServiceOptions(services: readonly ReadService[]): readonly Problem[] {
  const problems: Problem[] = [];
  const unused = services.flatMap(({ carrier, name, options }) =>
    [...optionTexts({ carrier, path: name }, options, problems)].map(([option, value]) => ({
      at: `${name} (prism.${option})`,
      message: `${JSON.stringify(value)} is not acted on: ${insteadOf[option]}`,
    })),
  );
  throwProblems(problems);
  return unused;
}
