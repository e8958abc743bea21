import { buildGoProgram } from "./go-program.ts";
import { repositoryRoot } from "./repository.ts";

/** Builds the plugin in Go: its arguments are those of main.go. */
export const buildGoPlugin = () =>
  buildGoProgram({ module: `${repositoryRoot}/tests/acceptance/plugins/go`, protos: ["plugin"] });
