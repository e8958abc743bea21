import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

// What `make backends` installs.
const bin = fileURLToPath(new URL("../../../.toolchain/bin", import.meta.url));
const caseTimeoutMs = 30_000;

/** How grpc-go's interop client ended. */
export interface InteropResult {
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs one case of grpc-go's interop client against a server on the loopback. */
export async function runInteropClient(port: number, name: string, ...more: string[]): Promise<InteropResult> {
  const given = ["--server_host=127.0.0.1", `--server_port=${port}`, `--test_case=${name}`, ...more];
  const child = spawn(`${bin}/grpc-interop-client`, given, { timeout: caseTimeoutMs, killSignal: "SIGKILL" });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, "close");
  return { code, stderr };
}

/** grpc-go's own TestService, on a free port of the loopback. */
export interface InteropServer extends AsyncDisposable {
  readonly port: number;
  /** Takes no new calls, finishes those it has, and ends. */
  drain(): void;
}

export async function startInteropServer(): Promise<InteropServer> {
  const child = spawn(`${bin}/grpc-go-interop-server`, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  const [line] = await once(child.stdout, "data");
  return {
    port: Number(String(line).trim().split(":").at(-1)),
    drain: () => child.stdin.end(),
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
