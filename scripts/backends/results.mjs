// What the last run of the conformance suites proved, from which docs/backends.md is written. One cell is one line.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const root = new URL("../../", import.meta.url);
const file = new URL("docs/backends.json", root);

/** Where each suite of a plugin runs, as the suites name it. */
export const placements = ["in process", "spawned", "killed"];

export function readResults() {
  return JSON.parse(readFileSync(file, "utf8"));
}

export function writeResults({ cells, ...about }) {
  const lines = cells.map((cell) => `  ${JSON.stringify(cell)}`).join(",\n");
  writeFileSync(file, `${JSON.stringify(about, null, 2).slice(0, -2)},\n  "cells": [\n${lines}\n]}\n`);
}

/** The cells that the plugins of this checkout declare, in the order of the plugins' names and of their patterns. */
export function declaredCells() {
  return pluginPackages().flatMap(({ prism }) =>
    Object.entries(prism.patterns).map(([pattern, { options: _, durability = prism.durability, ...declared }]) => ({
      plugin: prism.name,
      pattern,
      durability,
      ...declared,
    })),
  );
}

/** The parsed package.json of each plugin. */
export function pluginPackages() {
  const folders = readdirSync(new URL("packages/", root)).filter((name) => name.startsWith("plugin-"));
  return folders.sort().map((name) => JSON.parse(readFileSync(new URL(`packages/${name}/package.json`, root), "utf8")));
}
