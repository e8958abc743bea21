#!/usr/bin/env node
// A whole Prism plugin: key-value in a folder, one file per key, on disk before it answers.
import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { join, resolve } from "node:path";
import { definePlugin, GatewayError, idempotencyWindowMs, servePlugin } from "@prism-data/pattern-sdk";
import { z } from "zod";

/** A file name for any text: short, safe, and different for every other text. */
const fileName = (text) => createHash("sha256").update(text).digest("hex");

/** Sorts as tokens do: by time, then by nonce. */
const sortable = ({ timeMicros, nonce }) =>
  String(timeMicros + 2n ** 63n).padStart(20, "0") + Buffer.from(nonce).toString("hex");

function syncFolder(folder) {
  const descriptor = fs.openSync(folder, "r");
  fs.fsyncSync(descriptor);
  fs.closeSync(descriptor);
}

/**
 * A namespace. Each file holds one line of JSON (the etag, unless the key was deleted, and the last idempotency token), then the value.
 * @implements {import("@prism-data/pattern-sdk").KeyValue}
 */
class FolderKeyValue {
  constructor(folder) {
    this.folder = folder;
  }

  get(key) {
    const { etag, value } = this.read(key);
    return etag && { etag, value };
  }

  exists(key) {
    return this.get(key) !== undefined;
  }

  set({ key, value, token }) {
    const { last } = this.read(key);
    const order = token && sortable(token);
    if (last && order === last.order) return { etag: last.etag };
    if (last && order < last.order) throw new GatewayError("IDEMPOTENCY_TOKEN_STALE", "A newer write came first.");
    const etag = randomUUID();
    const kept = token ? { order, etag, untilMs: Date.now() + idempotencyWindowMs } : last;
    this.write(key, { etag, last: kept }, value);
    return { etag };
  }

  delete({ key }) {
    const { etag, last } = this.read(key);
    if (etag) this.write(key, { last }, Buffer.alloc(0));
    return etag !== undefined;
  }

  read(key) {
    const path = join(this.folder, fileName(key));
    if (!fs.existsSync(path)) return {};
    const file = fs.readFileSync(path);
    const headEnd = file.indexOf("\n");
    const { etag, last } = JSON.parse(file.toString("utf8", 0, headEnd));
    return { etag, last: last?.untilMs > Date.now() ? last : undefined, value: file.subarray(headEnd + 1) };
  }

  // Whoever reads, also after a power cut, finds the old file or the new one, never half of one.
  write(key, head, value) {
    const path = join(this.folder, fileName(key));
    const temporary = `${path}.${randomUUID()}`;
    try {
      fs.writeFileSync(temporary, Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), value]), { flush: true });
      fs.renameSync(temporary, path);
      syncFolder(this.folder);
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      const reason = error.code === "ENOSPC" ? "CAPACITY_EXHAUSTED" : "BACKEND_FAILED";
      throw new GatewayError(reason, `The key's file could not be written: ${error.message}.`, { cause: error });
    }
  }
}

const settings = z.strictObject({
  folder: z.string().min(1).describe("The folder for the data. A relative path starts at the folder of prism.yaml."),
});

const filesPlugin = definePlugin({
  name: "files",
  version: "0.1.0",
  durability: "disk",
  settings,
  patterns: { "key-value": { capabilities: [] } },
  open({ folder }, { workingDir, reportHealth }) {
    const root = resolve(workingDir, folder);
    const folderOf = (namespace) => join(root, fileName(namespace));
    const bind = ({ namespace }) => {
      fs.mkdirSync(folderOf(namespace), { recursive: true, mode: 0o700 });
      syncFolder(root);
      return { pattern: new FolderKeyValue(folderOf(namespace)) };
    };
    const deleteData = (namespace) => {
      fs.rmSync(folderOf(namespace), { recursive: true, force: true });
      return [`removed ${folderOf(namespace)}`];
    };
    reportHealth({ reachable: true });
    return { keyValue: { bind, deleteData }, close() {} };
  },
});

await servePlugin(filesPlugin);
