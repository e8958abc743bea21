/** What Prism serves when there is no configuration file: enough to try it, nothing to install. */
export const defaultTree = {
  backends: {
    memory: { plugin: "memstore" },
    files: { plugin: "sqlite", settings: { path: "./.prism/data.db" } },
  },
  namespaces: {
    demo: { pattern: "key-value", backend: "memory" },
    profile: { pattern: "key-value", backend: "files" },
  },
} as const;
