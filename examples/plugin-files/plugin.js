import { hash, randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { dirname, join, resolve } from "node:path";
import { deserialize, serialize } from "node:v8";
import { definePlugin, GatewayError, replayedEtag } from "@prism-data/pattern-sdk";
import { z } from "zod";

/** A file name for any text: short, safe, and different for every other text. */
const fileName = (text) => hash("sha256", text);

function sync(folder) {
  const descriptor = fs.openSync(folder, "r");
  fs.fsyncSync(descriptor);
  fs.closeSync(descriptor);
}

/** What a key's file says: the entry, unless the key was deleted, and the last idempotency token with its answer. */
function read(path) {
  return fs.existsSync(path) ? deserialize(fs.readFileSync(path)) : {};
}

/** Whoever reads, also after a power cut, finds the old file or the new one, never half of one. */
function write(path, content) {
  try {
    fs.writeFileSync(`${path}.new`, serialize(content), { flush: true });
    fs.renameSync(`${path}.new`, path);
    sync(dirname(path));
  } catch (cause) {
    const reason = cause.code === "ENOSPC" ? "CAPACITY_EXHAUSTED" : "BACKEND_FAILED";
    throw new GatewayError(reason, `The key's file could not be written: ${cause.message}.`, { cause });
  }
}

/** @type {(pathOf: (key: string) => string) => import("@prism-data/pattern-sdk").KeyValue} */
const keyValueAt = (pathOf) => ({
  get: (key) => read(pathOf(key)).entry,
  exists: (key) => read(pathOf(key)).entry !== undefined,
  set({ key, value, token }) {
    const { kept } = read(pathOf(key));
    const etag = token && replayedEtag(key, token, kept);
    if (etag !== undefined) return { etag };
    const entry = { value, etag: randomUUID() };
    write(pathOf(key), { entry, kept: token ? { ...token, etag: entry.etag } : kept });
    return entry;
  },
  delete({ key }) {
    const { entry, kept } = read(pathOf(key));
    if (entry) write(pathOf(key), { kept });
    return entry !== undefined;
  },
});

export const filesPlugin = definePlugin({
  name: "files",
  version: "0.1.0",
  durability: "disk",
  settings: z.strictObject({ folder: z.string().min(1).describe("For the data; relative to prism.yaml's folder.") }),
  patterns: { "key-value": { capabilities: [] } },
  open({ folder }, { workingDir, reportHealth }) {
    const folderOf = (namespace) => resolve(workingDir, folder, fileName(namespace));
    const bind = ({ namespace }) => {
      const made = fs.mkdirSync(folderOf(namespace), { recursive: true, mode: 0o700 }) ?? folderOf(namespace);
      for (let at = folderOf(namespace); at.length >= made.length; at = dirname(at)) sync(dirname(at));
      return { pattern: keyValueAt((key) => join(folderOf(namespace), fileName(key))) };
    };
    const deleteData = (namespace) => fs.rmSync(folderOf(namespace), { recursive: true, force: true });
    reportHealth({ reachable: true });
    return { keyValue: { bind, deleteData } };
  },
});
