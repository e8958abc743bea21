import { access, constants } from "node:fs/promises";
import { type Environment, LocalServer, type ServerKind, sharedAddressVariable } from "@prism-data/local-servers";

/**
 * Arguments of a server that a run shares. Tests write thousands of records one at a time, and none of them cuts the power: Kafka's own
 * default, which syncs when the system does, is as good against kill -9.
 */
const moreArguments: Readonly<Record<string, readonly string[]>> = {
  kafka: ["--override", `log.flush.interval.messages=${2n ** 63n - 1n}`],
};

/** A server that the tests of a run share, and how to let it go. */
export interface SharedServer {
  readonly kind: ServerKind;
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * Finds a real server in this order: the address in PRISM_TEST_<KIND>_URL (PRISM_TEST_KAFKA_BROKERS), Docker through
 * testcontainers, the programs of this machine. None of them: throws, because a missing server fails the run.
 */
export async function startShared(kind: ServerKind, environment: Environment): Promise<SharedServer> {
  const variable = sharedAddressVariable(kind);
  const given = environment[variable];
  if (given) return { kind, address: given, stop: async () => {} };
  try {
    return (await inDocker(kind)) ?? (await onThisMachine(kind, environment));
  } catch (cause) {
    const advice = `Run \`make backends\`, or name a server in ${variable}.`;
    throw new Error(`The tests have no ${kind.name}: ${(cause as Error).message}\n${advice}`, { cause });
  }
}

async function inDocker(kind: ServerKind): Promise<SharedServer | undefined> {
  if (!(await isDockerThere())) return undefined;
  try {
    // Loaded here, because it takes longer than a server.
    const { startContainer } = await import("./container.ts");
    return { kind, ...(await startContainer(kind)) };
  } catch (error) {
    process.stderr.write(`Docker does not run ${kind.name} (${(error as Error).message}); looking on this machine.\n`);
    return undefined;
  }
}

async function onThisMachine(kind: ServerKind, environment: Environment): Promise<SharedServer> {
  const server = await LocalServer.start(kind, { environment, arguments: () => moreArguments[kind.name] ?? [] });
  return { kind, address: server.url, stop: () => server[Symbol.asyncDispose]() };
}

function isDockerThere(): Promise<boolean> {
  return access("/var/run/docker.sock", constants.W_OK).then(
    () => true,
    () => false,
  );
}
