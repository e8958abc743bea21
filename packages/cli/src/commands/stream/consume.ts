import type { stream } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import type { OpenCall } from "../../open-call.js";
import { addDataOptions, connectToData, type ProxyOptions } from "../../proxy-options.js";
import { parseWholeNumber } from "../../whole-number.js";
import { parseGroupStart } from "./read-start.js";
import { recordLine, recordLineHelp } from "./record-line.js";
import { StreamClient } from "./stream-client.js";

interface Options extends ProxyOptions {
  readonly from?: ReturnType<typeof parseGroupStart>;
  readonly count?: number;
  readonly commit: boolean;
}

type Consuming = OpenCall<stream.ConsumeRequest, stream.ConsumeResponse>;

/** `prism stream consume`: one line per record, as a member of a group, until Ctrl-C. */
export function addConsume(parent: Command, context: CommandContext): void {
  const command = parent
    .command("consume")
    .description("print and commit records as a member of a group, until Ctrl-C")
    .arguments("<namespace> <group>")
    .option("--from <start>", "where a new group begins: earliest or latest (default: earliest)", parseGroupStart)
    .option("--count <count>", "stop after so many records", parseWholeNumber)
    .option("--no-commit", "commit nothing: the next member gets the same records");
  addDataOptions(command)
    .addHelpText(
      "after",
      `
${recordLineHelp} The member's partitions come on stderr, with --json as
{"assignment":{...}} on stdout.

A record is committed once its line is written. Ctrl-C, and --count, end with everything committed that was printed, and nothing else.

Examples:
  prism stream consume orders billing
  prism stream consume orders billing --from latest --json
  prism stream consume orders test --count 10 --no-commit`,
    )
    .action(async (namespace: string, group: string, options: Options) => {
      await using connection = await connectToData(options, context);
      using call = new StreamClient(connection, namespace).consume(group);
      const join = { group, start: options.from, maxOutstandingRecords: 0, maxOutstandingBytes: 0n };
      await call.send({ namespace, action: { $case: "join", value: join } });
      await new Member(call, options, context).run();
    });
}

/** Prints what a member gets, commits what it has printed, and leaves in good order. */
class Member {
  readonly #call: Consuming;
  readonly #options: Options;
  readonly #context: CommandContext;
  #remaining: number;
  #isLeaving = false;

  constructor(call: Consuming, options: Options, context: CommandContext) {
    this.#call = call;
    this.#options = options;
    this.#context = context;
    this.#remaining = options.count ?? Number.POSITIVE_INFINITY;
  }

  async run(): Promise<void> {
    const { interrupted } = this.#context;
    const leave = () => this.#leave();
    interrupted.addEventListener("abort", leave, { once: true });
    if (interrupted.aborted) leave();
    for await (const { event } of this.#call.answers()) {
      if (event?.$case === "assignment") await this.#tell(event.value);
      if (event?.$case === "records" && !this.#isLeaving) await this.#take(event.value.records);
    }
    interrupted.removeEventListener("abort", leave);
  }

  /** The call ends when what was sent is committed. */
  #leave(): void {
    this.#isLeaving = true;
    this.#call.end();
  }

  async #tell(assignment: stream.Assignment): Promise<void> {
    const { stdout, stderr } = this.#context;
    if (this.#options.json) return stdout.write(jsonLine({ assignment }));
    const { partitions } = assignment;
    await stderr.write(`${partitions.length === 0 ? "no partition for now" : `partitions ${partitions.join(", ")}`}\n`);
  }

  async #take(records: readonly stream.Record[]): Promise<void> {
    const { json = false, commit } = this.#options;
    for (const record of records) {
      await this.#context.stdout.write(recordLine(record, json));
      const { partition, offset } = record;
      const value = { positions: [{ partition, offset }] };
      if (commit) await this.#call.send({ namespace: "", action: { $case: "commit", value } });
      this.#remaining--;
      if (this.#remaining === 0) this.#leave();
      if (this.#isLeaving) return;
    }
  }
}
