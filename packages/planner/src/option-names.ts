/** The options of `prism/options.proto` that a message may carry. */
export const optionNames = [
  "namespace",
  "access_pattern",
  "estimated_read_rps",
  "estimated_write_rps",
  "backend",
  "retention_days",
  "estimated_rps",
  "pattern",
  "item_size",
  "durability",
] as const;

/** What an app imports to set them. */
export const optionsFile = "prism/options.proto";
