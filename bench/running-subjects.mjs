import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { subjects } from "./subjects.mjs";

/** The subjects that run: only those that the current comparison needs, because an idle process is not free. */
export class RunningSubjects {
  #running = new Map();
  #started = 0;
  #options;

  constructor(options) {
    this.#options = options;
  }

  /** Starts what is missing of these, ends all others, and answers them in this order. */
  async only(ids) {
    for (const id of this.#running.keys()) if (!ids.includes(id)) await this.#stop(id);
    for (const id of ids) if (!this.#running.has(id)) this.#running.set(id, await this.#start(id));
    return ids.map((id) => this.#running.get(id));
  }

  async [Symbol.asyncDispose]() {
    await this.only([]);
  }

  /** In a folder of its own. */
  async #start(id) {
    const [name, start] = subjects[id];
    this.#started += 1;
    const folder = join(this.#options.folder, String(this.#started));
    await mkdir(folder);
    return { id, name, folder, ...(await start({ ...this.#options, folder })) };
  }

  async #stop(id) {
    const { stop } = this.#running.get(id);
    this.#running.delete(id);
    await stop();
  }
}
