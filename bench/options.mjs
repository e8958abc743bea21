import { resolve } from "node:path";
import { parseArgs } from "node:util";

/** What is told of a run: not the path of somebody's daprd. */
const settings = ["PART", "BENCH_ROUNDS", "BENCH_ROUND_MS", "BENCH_CPUS"];

/** What can be measured and kept apart. */
const parts = ["data-path", "backends", "capacity"];

/** A median of fewer rounds is not worth keeping. */
const publishedRoundsMin = 5;

/** What `make bench` is told. Throws when a value cannot be used. */
export function options(env, args) {
  const {
    BENCH_ROUNDS = "5",
    BENCH_ROUND_MS = "800",
    BENCH_CPUS = "0,1",
    PART = "",
    ONLY = "",
    BASE = "",
    DAPRD = "",
  } = env;
  const { values } = parseArgs({ args, options: { daprd: { type: "string", default: DAPRD } } });
  const [front, back] = BENCH_CPUS === "any" ? [] : BENCH_CPUS.split(",");
  return {
    rounds: positive("BENCH_ROUNDS", BENCH_ROUNDS),
    roundMs: positive("BENCH_ROUND_MS", BENCH_ROUND_MS),
    /** The process that is called runs on `front`; what is behind it, and the load, on `back`. */
    cpus: { front, back },
    only: new RegExp(ONLY),
    parts: PART === "" ? parts : [oneOf("PART", PART, parts)],
    /** A selection, or too short a run, prints what it saw and keeps nothing. */
    isWhole: ONLY === "" && BASE === "" && Number(BENCH_ROUNDS) >= publishedRoundsMin,
    command: ["make bench", ...settings.filter((name) => name in env).map((name) => `${name}=${env[name]}`)].join(" "),
    /** Another checkout of Prism, built, to be measured beside this one: what a change has changed. */
    base: BASE === "" ? undefined : resolve(BASE),
    /** The path of daprd; it is no package, so it is measured only where somebody has it. */
    daprd: values.daprd === "" ? undefined : values.daprd,
  };
}

function positive(name, text) {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${name} is ${JSON.stringify(text)}; give a whole number above 0`);
}

function oneOf(name, value, known) {
  if (known.includes(value)) return value;
  throw new Error(`${name} is ${JSON.stringify(value)}; there are ${known.join(", ")}`);
}
