import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { dirname, join, resolve } from "node:path";
import { definePlugin, GatewayError, orderedTokenBytes, tokenStaleError } from "@prism-data/pattern-sdk";
import { z } from "zod";

/** A file name for any text: short, safe, and different for every other text. */
const fileName = (text) => createHash("sha256").update(text).digest("hex");

function sync(folder) {
  const descriptor = fs.openSync(folder, "r");
  fs.fsyncSync(descriptor);
  fs.closeSync(descriptor);
}

/** What a key's file says: the entry, unless the key was deleted, and the last idempotency token with its answer. */
function read(path) {
  if (!fs.statSync(path, { throwIfNoEntry: false })) return {};
  const { etag, value, last } = JSON.parse(fs.readFileSync(path, "utf8"));
  return { entry: etag && { etag, value: Buffer.from(value, "base64") }, last };
}

/** Whoever reads, also after a power cut, finds the old file or the new one, never half of one. */
function write(path, content) {
  const temporary = `${path}.${randomUUID()}`;
  try {
    fs.writeFileSync(temporary, JSON.stringify(content), { flush: true });
    fs.renameSync(temporary, path);
    sync(dirname(path));
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    const reason = error.code === "ENOSPC" ? "CAPACITY_EXHAUSTED" : "BACKEND_FAILED";
    throw new GatewayError(reason, `The key's file could not be written: ${error.message}.`, { cause: error });
  }
}

/** @type {(pathOf: (key: string) => string) => import("@prism-data/pattern-sdk").KeyValue} */
const keyValueAt = (pathOf) => ({
  get: (key) => read(pathOf(key)).entry,
  exists: (key) => read(pathOf(key)).entry !== undefined,
  set({ key, value, token }) {
    const { last } = read(pathOf(key));
    const order = token && orderedTokenBytes(token).toString("hex");
    if (last && order === last.order) return { etag: last.etag };
    if (last && order < last.order) throw tokenStaleError(key);
    const etag = randomUUID();
    const text = Buffer.from(value).toString("base64");
    write(pathOf(key), { etag, value: text, last: token ? { order, etag } : last });
    return { etag };
  },
  delete({ key }) {
    const { entry, last } = read(pathOf(key));
    if (entry) write(pathOf(key), { last });
    return entry !== undefined;
  },
});

export const filesPlugin = definePlugin({
  name: "files",
  version: "0.1.0",
  durability: "disk",
  settings: z.strictObject({
    folder: z.string().min(1).describe("The folder for the data. A relative path starts at the folder of prism.yaml."),
  }),
  patterns: { "key-value": { capabilities: [] } },
  open({ folder }, { workingDir, reportHealth }) {
    const folderOf = (namespace) => resolve(workingDir, folder, fileName(namespace));
    const bind = ({ namespace }) => {
      const made = fs.mkdirSync(folderOf(namespace), { recursive: true, mode: 0o700 }) ?? folderOf(namespace);
      for (let at = folderOf(namespace); at.length >= made.length; at = dirname(at)) sync(dirname(at));
      return { pattern: keyValueAt((key) => join(folderOf(namespace), fileName(key))) };
    };
    const deleteData = (namespace) => {
      fs.rmSync(folderOf(namespace), { recursive: true, force: true });
      return [`removed ${folderOf(namespace)}`];
    };
    reportHealth({ reachable: true });
    return { keyValue: { bind, deleteData }, close() {} };
  },
});
