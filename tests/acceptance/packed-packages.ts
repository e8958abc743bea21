import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { repositoryRoot } from "./repository.ts";

/** What every plugin that is written with the SDK needs of ours. */
const sdkFolders = ["packages/transport", "packages/pattern-sdk"];

// npm fetches the packages that are not ours from the registry.
export const installTimeoutMs = 180_000;

/** Installs the SDK and plugins of the checkout into an operator's folder outside it, packed, as npm would from a registry. */
export async function installPlugins(folder: string, plugins: readonly string[]): Promise<void> {
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "operator", private: true }));
  await installSdk(folder, await packAll(plugins, folder));
}

/** Installs the SDK into the folder of a package outside the checkout, and whatever else is named as npm names it. */
export async function installSdk(folder: string, more: readonly string[]): Promise<void> {
  const packages = [...(await packAll(sdkFolders, folder)), ...more];
  await execa("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...packages], { cwd: folder });
}

/** Makes the tarballs that would be published. */
async function packAll(folders: readonly string[], destination: string): Promise<string[]> {
  const tarballs: string[] = [];
  for (const folder of folders) {
    const pack = ["pack", "--json", "--pack-destination", destination];
    const { stdout } = await execa("pnpm", pack, { cwd: join(repositoryRoot, folder) });
    tarballs.push(JSON.parse(stdout).filename);
  }
  return tarballs;
}
