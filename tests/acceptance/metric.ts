/** A metric of one series, or of the only one, as the admin port shows it now; `undefined` when it is not there. */
export async function readMetric(admin: string, name: string, labels = ""): Promise<number | undefined> {
  const text = await (await fetch(`http://${admin}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${name}${labels && `{${labels}}`} `));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ")));
}
