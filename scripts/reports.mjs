/** Where the last run of a project of tests is told, as vitest's JSON. */
export function reportOf(project) {
  return new URL(`../.toolchain/reports/${project}.json`, import.meta.url);
}
