import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { repositoryRoot } from "./repository.ts";

/** What a plugin of ours needs of ours. */
const sdkFolders = ["packages/transport", "packages/pattern-sdk"];

// npm fetches the packages that are not ours from the registry.
export const installTimeoutMs = 180_000;

/** Installs the SDK and more folders of the checkout into an operator's folder outside it, packed, as npm would from a registry. */
export async function installPackages(folder: string, names: readonly string[]): Promise<void> {
  const tarballs: string[] = [];
  for (const name of [...sdkFolders, ...names]) tarballs.push(await pack(join(repositoryRoot, name), folder));
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "operator", private: true }));
  await execa("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...tarballs], { cwd: folder });
}

/** Makes the tarball that would be published. */
async function pack(folder: string, destination: string): Promise<string> {
  const { stdout } = await execa("pnpm", ["pack", "--json", "--pack-destination", destination], { cwd: folder });
  return JSON.parse(stdout).filename;
}
