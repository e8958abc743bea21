import { Command, CommanderError } from "commander";
import { CommandFailure } from "./command-failure.js";
import { addBackend } from "./commands/backend/backend.js";
import { addCapacity } from "./commands/capacity/capacity.js";
import { addCerts } from "./commands/certs.js";
import { addCheck } from "./commands/check.js";
import { addControl } from "./commands/control/control.js";
import { addNamespace } from "./commands/namespace/namespace.js";
import { addApply } from "./commands/needs/apply.js";
import { addPlan } from "./commands/needs/plan.js";
import { addPlugin } from "./commands/plugin/plugin.js";
import { addSchema } from "./commands/schema/schema.js";
import { addServe } from "./commands/serve.js";
import { addStack } from "./commands/stack/stack.js";
import { ExitCode, exitCodeHelp } from "./exit-code.js";
import type { CommandContext, Invocation } from "./invocation.js";
import { jsonLine } from "./json-line.js";
import { patternCommands } from "./pattern-commands.js";
import { cliVersion } from "./version.js";

/** Runs one command line and says how it went. */
export async function runPrism(invocation: Invocation): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.done;
  const context: CommandContext = {
    ...invocation,
    finish: (code) => {
      exitCode = code;
    },
  };
  const written: Promise<void>[] = [];
  const program = createProgram(context, (text, output) => written.push(output.write(text)));
  try {
    await program.parseAsync([...invocation.arguments], { from: "user" });
    return exitCode;
  } catch (error) {
    return await report(error, invocation);
  } finally {
    await Promise.allSettled(written);
  }
}

type Write = (text: string, output: Invocation["stdout"]) => void;

function createProgram(context: CommandContext, write: Write): Command {
  const program = new Command("prism")
    .description("Prism, a data access gateway: run it, check its configuration, use what it serves.")
    .version(cliVersion, "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => write(text, context.stdout),
      writeErr: (text) => write(text, context.stderr),
      outputError: (text, writeError) => writeError(text.replace(/^error: /, "prism: ")),
    })
    .showHelpAfterError("(add --help for usage)")
    .addHelpText(
      "after",
      `
Examples:
  prism serve                            memory and SQLite, no configuration needed
  prism kv set demo greeting hello
  prism kv get demo greeting
  prism plugin list

${exitCodeHelp}`,
    );
  const ofPatterns = Object.values(patternCommands).map(({ addTo }) => addTo);
  const ofNamespaces = [addPlan, addApply, addSchema, addNamespace, addCapacity];
  for (const add of [
    addServe,
    addCheck,
    addCerts,
    ...ofPatterns,
    ...ofNamespaces,
    addBackend,
    addPlugin,
    addControl,
    addStack,
  ])
    add(program, context);
  return program;
}

/** Shows what went wrong, as JSON when the command was asked for JSON. */
async function report(error: unknown, { arguments: given, stderr }: Invocation): Promise<ExitCode> {
  // Commander has said all: help and version end this way too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
  // Whoever read the output has gone, as `head` does; there is nobody left to tell.
  if ((error as NodeJS.ErrnoException).code === "EPIPE") return ExitCode.done;
  const failure = failureOf(error);
  const wantsJson = given.includes("--json");
  const text = wantsJson
    ? jsonLine({ error: { message: failure.message, ...failure.facts } })
    : `prism: ${failure.message}\n`;
  await stderr.write(text);
  return failure.exitCode;
}

/** What the system refuses (a full disk behind stdout) is told like any failure; anything else is a defect. */
function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) throw error;
  return new CommandFailure(ExitCode.failed, `the system refused to ${syscall}: ${message}`, { cause: error });
}
