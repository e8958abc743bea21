import { PrismProcess } from "../acceptance/prism-process.ts";
import { Relay } from "../acceptance/relay.ts";
import { type LocalServer, startOwnServer } from "../servers/own-server.ts";
import { callTimeoutMs } from "./lane.ts";
import type { Load } from "./load.ts";
import { loads, type Pattern, type TestedBackend } from "./tested-backends.ts";

/** A proxy with one backend, and where faults strike it. */
export interface Site {
  readonly backend: TestedBackend;
  readonly admin: string;
}

/** The same with a server that is reached through a relay. */
export interface SiteWithServer extends Site {
  readonly server: LocalServer;
  readonly relay: Relay;
}

/** A proxy as it ships, with a namespace for each of the backend's patterns, in front of a server of its own. */
export class TestSite implements AsyncDisposable {
  readonly backend: TestedBackend;
  /** The server and its relay, where there is one. */
  readonly serving: { readonly server: LocalServer; readonly relay: Relay } | undefined;
  readonly #prism: PrismProcess;

  private constructor(backend: TestedBackend, serving: TestSite["serving"], prism: PrismProcess) {
    this.backend = backend;
    this.serving = serving;
    this.#prism = prism;
  }

  static async start(backend: TestedBackend): Promise<TestSite> {
    const serving = await startServing(backend);
    const address = serving && backend.server ? backend.server.url(serving.relay.port) : "";
    const patterns = Object.entries(backend.patterns) as [Pattern, TestedBackend["patterns"][Pattern]][];
    const namespaces = patterns.map(([pattern, traits = {}]) => {
      const kind = loads[pattern];
      const options = "options" in kind ? kind.options(traits) : {};
      return [pattern, { pattern, backend: backend.name, timeout: `${callTimeoutMs}ms`, options }];
    });
    const prism = await PrismProcess.start({
      config: {
        backends: { [backend.name]: { plugin: backend.name, settings: backend.settings(address) } },
        namespaces: Object.fromEntries(namespaces),
      },
    });
    return new TestSite(backend, serving, prism);
  }

  get admin(): string {
    return this.#prism.admin;
  }

  startLoads(): Promise<readonly (readonly [Pattern, Load])[]> {
    const patterns = Object.entries(this.backend.patterns) as [Pattern, TestedBackend["patterns"][Pattern]][];
    return Promise.all(
      patterns.map(async ([pattern, traits = {}]) => {
        const options = { address: this.#prism.listen, namespace: pattern, traits };
        return [pattern, await loads[pattern].start(options)] as const;
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#prism[Symbol.asyncDispose]();
    await this.serving?.relay[Symbol.asyncDispose]();
    await this.serving?.server[Symbol.asyncDispose]();
  }
}

async function startServing({ server: kind, serverArguments }: TestedBackend): Promise<TestSite["serving"]> {
  if (kind === undefined) return undefined;
  const relay = await Relay.start();
  const server = await startOwnServer(kind, serverArguments?.(relay.port));
  relay.to = `127.0.0.1:${server.port}`;
  return { server, relay };
}
