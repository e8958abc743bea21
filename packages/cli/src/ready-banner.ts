import type { Pattern } from "@prism-data/pattern-sdk/protocol";
import { patternCommands } from "./pattern-commands.js";
import { textTable } from "./text-table.js";

/** What a proxy that is ready says of itself. */
export interface ReadyProxy {
  /** Where apps connect, as HOST:PORT. */
  readonly listen: string;
  /** Where operators connect, as HOST:PORT. */
  readonly admin: string;
  readonly pid: number;
  /** Whether apps connect over TLS. */
  readonly tls: boolean;
  /** The configuration file; `undefined`: the default configuration. */
  readonly file: string | undefined;
  /** How this command was called. */
  readonly command: string;
  readonly namespaces: readonly ReadyNamespace[];
}

/** A namespace as it stands when the proxy is ready. */
export interface ReadyNamespace {
  readonly name: string;
  readonly pattern: string;
  readonly backend: string;
  readonly state: string;
}

/** The one line for programs. Part of the outside contract. */
export function readyLine({ listen, admin, pid }: ReadyProxy): string {
  return `${JSON.stringify({ ready: true, listen, admin, pid })}\n`;
}

/** The same for people at a terminal, with lines to paste. */
export function readyBanner(proxy: ReadyProxy): string {
  const { listen, admin, file, command, namespaces, tls } = proxy;
  const rows = namespaces.map(({ name, pattern, backend, state }) => [`  ${name}`, pattern, backend, state]);
  const table = textTable([["  NAMESPACE", "PATTERN", "BACKEND", "STATE"], ...rows]);
  return `
Prism is ready (${file ?? "default configuration; write a prism.yaml to change it"})

  apps       ${listen}   gRPC and HTTP/JSON${tls ? ", over TLS" : ""}
  operators  ${admin}   /readyz?verbose, /metrics, ${command} plugin list

${namespaces.length === 0 ? "  No namespaces are configured.\n" : table}
${tls ? "" : linesToPaste(proxy)}Ctrl-C drains and stops.
`;
}

/**
 * For the first namespace that serves and whose pattern has commands, without TLS: what a client would have to trust is not known
 * here.
 */
function linesToPaste({ listen, command, namespaces }: ReadyProxy): string {
  const server = listen === "127.0.0.1:8980" ? "" : ` --server ${listen}`;
  for (const { name: namespace, pattern, state } of namespaces) {
    const commands = Object.hasOwn(patternCommands, pattern) ? patternCommands[pattern as Pattern] : undefined;
    if (state !== "bound" || commands === undefined) continue;
    const lines = commands.linesToPaste({ namespace, listen, command, server });
    return `Try:\n${lines.map((line) => `  ${line}\n`).join("")}\n`;
  }
  return "";
}
