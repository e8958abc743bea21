import { fileURLToPath } from "node:url";

/** The root of the checkout, without a slash at the end. */
export const repositoryRoot = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** The command line that ships. */
export const prismProgram = `${repositoryRoot}/bin/prism`;

/** The protos, which clients are generated from. */
export const protoFolder = `${repositoryRoot}/proto`;

/** What `make backends` installs for the tests. */
export const toolchainFolder = `${repositoryRoot}/.toolchain`;
