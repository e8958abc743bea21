import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** What each of about a dozen properties, two at a time, gets of FUZZ_SECONDS; 0: a short run. */
const fuzzSeconds = Number(process.env.FUZZ_SECONDS ?? 0) / 6;

const conformance = "packages/*/src/{conformance,*.conformance}.test.ts";

/** A run of its own: three brokers at once, some of which are killed, would disturb whoever else counts ms. */
const kafka = "packages/plugin-kafka/src/**/*.test.ts";

export default defineConfig({
  test: {
    // Two processes: what the smallest machine that runs the suite has cores for.
    maxWorkers: 2,
    pool: "forks",
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [
            "packages/*/src/**/*.test.ts",
            "tests/*.test.ts",
            "tests/reliability/*/*.test.ts",
            "bench/*.test.mjs",
          ],
          exclude: [conformance, kafka],
          globalSetup: "tests/servers/global-setup.ts",
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: "fuzz",
          include: ["tests/fuzz/**/*.test.ts"],
          provide: { fuzzSeconds },
          testTimeout: 120_000 + 2_000 * fuzzSeconds,
        },
      },
      {
        extends: true,
        test: {
          name: "conformance",
          include: [conformance],
          exclude: [kafka],
          globalSetup: "tests/servers/global-setup.ts",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "kafka",
          include: [kafka],
          globalSetup: "tests/servers/global-setup.ts",
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "acceptance",
          include: ["tests/acceptance/**/*.test.ts"],
          globalSetup: "tests/servers/global-setup.ts",
          testTimeout: 60_000,
          // Some build a program in Go first.
          hookTimeout: 150_000,
        },
      },
      {
        extends: true,
        test: {
          name: "reliability",
          include: ["tests/reliability/*.test.ts"],
          maxConcurrency: 4,
          env: { PRISM_PROGRAMS_DIR: fileURLToPath(new URL(".toolchain", import.meta.url)) },
        },
      },
    ],
  },
});
