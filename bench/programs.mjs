// Starting and ending the processes of a bench. Whatever is started is ended, also when the bench fails.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What is slow to start on a busy machine: Envoy. */
const startTimeoutMs = 30_000;

/** A program that does not end when it is asked to is killed. */
const stopTimeoutMs = 5_000;

/** How many of a program's last words are told when it fails. */
const lastWordsMax = 2_000;

/** The path of a file beside this one. */
export const benchFile = (file) => fileURLToPath(new URL(file, import.meta.url));

/**
 * Starts a program on one CPU (`undefined`: on any). It is ready when it prints a first line on stdout, which becomes
 * `firstLine`; with `ready: "at once"` nothing is waited for. `stop` ends it.
 */
export async function startProgram(command, { cpu, env = process.env, ready = "first line" }) {
  const child = spawn(...onCpu(command, cpu), { env, stdio: ["pipe", "pipe", "pipe"] });
  let lastWords = "";
  child.stderr.on("data", (chunk) => {
    lastWords = `${lastWords}${chunk}`.slice(-lastWordsMax);
  });
  const program = { pid: child.pid, firstLine: "", stop: () => stop(child) };
  if (ready === "at once") return program;
  const timer = setTimeout(() => child.kill("SIGKILL"), startTimeoutMs);
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    child.stdout.resume();
    return { ...program, firstLine: line };
  }
  throw new Error(`${command.join(" ")} ended before it was ready: ${lastWords}`);
}

/** Runs a program to its end and answers what it printed. */
export async function runProgram(command, { cpu, timeoutMs }) {
  const child = spawn(...onCpu(command, cpu), { stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
  let printed = "";
  let lastWords = "";
  child.stdout.on("data", (chunk) => {
    printed += chunk;
  });
  child.stderr.on("data", (chunk) => {
    lastWords = `${lastWords}${chunk}`.slice(-lastWordsMax);
  });
  const [code, signal] = await once(child, "close");
  if (code === 0) return printed;
  throw new Error(`${command.join(" ")} ended with ${code ?? signal}: ${lastWords}`);
}

/** Moves a running process with all its threads to one CPU. */
export function moveToCpu(pid, cpu) {
  if (cpu !== undefined) execFileSync("taskset", ["-acp", cpu, String(pid)], { stdio: "ignore" });
}

function onCpu(command, cpu) {
  const [file, ...args] = cpu === undefined ? command : ["taskset", "-c", cpu, ...command];
  return [file, args];
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  await exited;
  clearTimeout(timer);
}
