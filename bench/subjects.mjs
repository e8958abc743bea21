// Who can be measured, by name. Each is started when a comparison needs it, in a folder of its own.
//
// A subject has `endpoint` (where h2load and the checking client go, with which headers), `processes` (proxy, store, backend:
// whose CPU is counted as what) and `stop`.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { benchFile } from "./programs.mjs";
import { startEnvoy } from "./subjects/envoy.mjs";
import { startGrpcJsProxy, startGrpcJsStore, startGrpcJsStoreOnSocket } from "./subjects/grpc-js.mjs";
import { startNginx } from "./subjects/nginx.mjs";
import { startPrism } from "./subjects/prism.mjs";
import { startSdkPlugin } from "./subjects/sdk-plugin.mjs";

const memstore = { plugin: "memstore" };
const grpcJsPlugin = { command: [process.execPath, benchFile("programs/grpc-js-plugin.mjs")] };

const subjects = {
  "prism-memstore": { name: "Prism → memstore", start: (at) => startPrism(at, { backend: memstore }) },
  "prism-grpc-js": { name: "Prism → grpc-js store", start: (at) => startPrism(at, { backend: grpcJsPlugin }) },
  memstore: { name: "memstore, no proxy", start: (at) => startSdkPlugin(at, at.cpus.front) },
  "grpc-js": { name: "grpc-js store, no proxy", start: startGrpcJsStore },
  "grpc-js-proxy": { name: "grpc-js proxy → grpc-js store", start: startGrpcJsProxy },
  "nginx-memstore": {
    name: "nginx → memstore",
    start: async (at) => startNginx(at, await startSdkPlugin(at, at.cpus.back)),
  },
  "envoy-memstore": {
    name: "Envoy → memstore",
    start: async (at) => startEnvoy(at, await startSdkPlugin(at, at.cpus.back)),
  },
  "nginx-grpc-js": {
    name: "nginx → grpc-js store",
    start: async (at) => startNginx(at, await startGrpcJsStoreOnSocket(at)),
  },
};

/** The subjects that run. Only those that the next comparison needs: an idle process is not free. */
export class RunningSubjects {
  #running = new Map();
  #started = 0;

  constructor({ folder, cpus }) {
    this.folder = folder;
    this.cpus = cpus;
  }

  /** Starts what is missing of these, ends all others, and answers them in this order. */
  async only(ids) {
    for (const id of this.#running.keys()) if (!ids.includes(id)) await this.#stop(id);
    for (const id of ids) if (!this.#running.has(id)) this.#running.set(id, await this.#start(id));
    return ids.map((id) => this.#running.get(id));
  }

  async stopAll() {
    await this.only([]);
  }

  async #start(id) {
    const { name, start } = subjects[id];
    this.#started += 1;
    const folder = join(this.folder, String(this.#started));
    await mkdir(folder);
    return { id, name, folder, ...(await start({ folder, cpus: this.cpus })) };
  }

  async #stop(id) {
    const { stop } = this.#running.get(id);
    this.#running.delete(id);
    await stop();
  }
}
