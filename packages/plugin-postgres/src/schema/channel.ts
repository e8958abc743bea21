/** The channel of all notifications; in its payload stands what happened. */
export function channelOf(schema: string): string {
  return `prism:${schema}`;
}
