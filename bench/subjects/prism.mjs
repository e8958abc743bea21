// The shipped proxy, before one backend.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { childrenOf } from "../processes.mjs";
import { benchFile, moveToCpu, startProgram } from "../programs.mjs";
import { namespace } from "../requests.mjs";

/**
 * Starts `bin/prism` with a backend as prism.yaml has it. Everything that a deployment has is on: metrics, deadlines,
 * supervision, the default log.
 */
export async function startPrism(
  { folder, cpus },
  { backend, services = [], namespaces, tls, checkout = benchFile("..") },
) {
  const config = join(folder, "prism.yaml");
  writeFileSync(config, JSON.stringify(configuration({ folder, backend, services, namespaces, tls })));
  const program = await startProgram([join(checkout, "bin/prism"), "serve", "-c", config], { cpu: cpus.front });
  const { listen, pid } = JSON.parse(program.firstLine);
  const [plugin] = childrenOf(pid);
  moveToCpu(plugin, cpus.back);
  const [host, port] = listen.split(":");
  const secure = tls === undefined ? {} : { scheme: "https", ca: tls.ca };
  return {
    endpoint: { host, port: Number(port), ...secure },
    processes: { proxy: [pid], store: [plugin] },
    stop: program.stop,
  };
}

/** JSON is YAML. */
function configuration({ folder, backend, services, namespaces = oneNamespace(services), tls }) {
  return {
    listen: "127.0.0.1:0",
    admin: { listen: "127.0.0.1:0" },
    data_dir: folder,
    strict_start: true,
    backends: { bench: backend },
    namespaces,
    services: Object.fromEntries(services.map((service) => [service, { backend: "bench" }])),
    ...(tls === undefined ? {} : { tls: { cert_file: tls.certFile, key_file: tls.keyFile } }),
  };
}

/** A plugin with services of its own needs none. */
function oneNamespace(services) {
  return services.length > 0 ? {} : { [namespace]: { pattern: "key-value", backend: "bench" } };
}
