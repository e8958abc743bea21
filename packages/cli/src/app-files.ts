import { glob, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { CommandFailure } from "./command-failure.js";
import { ExitCode } from "./exit-code.js";

export interface ProtoFile {
  readonly file: string;
  readonly text: string;
}

/** What an app says of its messages: in a .proto or in all of a folder, in a descriptor set, or in YAML. */
export type AppFiles =
  | { readonly kind: "protos"; readonly protos: readonly ProtoFile[] }
  | { readonly kind: "descriptors"; readonly bytes: Uint8Array }
  | { readonly kind: "yaml"; readonly text: string };

/** Reads what an app says. Throws CommandFailure for what cannot be read. */
export async function readAppFiles(file: string): Promise<AppFiles> {
  if ((await read(file, (name) => stat(name))).isDirectory()) {
    const names: string[] = [];
    for await (const name of glob("**/*.proto", { cwd: file })) names.push(path.join(file, name));
    return { kind: "protos", protos: await Promise.all(names.sort().map(protoFile)) };
  }
  if (file.endsWith(".proto")) return { kind: "protos", protos: [await protoFile(file)] };
  const bytes = await read(file, (name) => readFile(name));
  if (/\.(ya?ml|json)$/.test(file)) return { kind: "yaml", text: bytes.toString() };
  return { kind: "descriptors", bytes };
}

async function protoFile(file: string): Promise<ProtoFile> {
  return { file, text: await read(file, (name) => readFile(name, "utf8")) };
}

async function read<T>(file: string, how: (file: string) => Promise<T>): Promise<T> {
  return await how(file).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(
      ExitCode.usage,
      `${file} cannot be read (${error.code}); name a .proto, a folder of them, a descriptor set or a .yaml`,
      { cause: error },
    );
  });
}
