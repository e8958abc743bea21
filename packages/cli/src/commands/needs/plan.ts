import type { Command } from "commander";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { hasRefusals } from "./changes.js";
import { addNeedsOptions, type NeedsOptions, planForFile } from "./needs-plan.js";
import { formatPlan, planJson } from "./plan-report.js";
import { planAtProxy } from "./running-proxy.js";

/** `prism plan`: what would be made for what an app says it needs, and why. */
export function addPlan(program: Command, context: CommandContext): void {
  addNeedsOptions(
    program.command("plan").description("show what Prism would make for what an app's .proto needs, and why"),
  )
    .addHelpText(
      "after",
      `
Changes nothing. + is made, ~ is changed, = is as it should be, ! is refused. Exits 1 when something is refused.

Examples:
  prism plan app.proto
  prism plan app.proto -c staging.yaml --json
  prism plan app.proto --admin 127.0.0.1:8981
  buf build -o app.binpb && prism plan app.binpb`,
    )
    .action(async (file: string, options: NeedsOptions) => {
      const plan =
        options.admin === undefined
          ? (await planForFile(file, options, context)).plan
          : await planAtProxy(file, options, context);
      if (hasRefusals(plan)) context.finish(ExitCode.failed);
      await context.stdout.write(options.json ? jsonLine(planJson(plan)) : formatPlan(plan));
    });
}
