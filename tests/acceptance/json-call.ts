/** An HTTP answer with a JSON body. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Posts to a method of the key-value service as the Connect protocol's unary form does. */
export function postJson(
  address: string,
  method: string,
  body: string | object,
  contentType?: string,
): Promise<JsonAnswer> {
  return callJson(address, `prism.keyvalue.v1.KeyValueService/${method}`, body, contentType);
}

/** The same to a method of any service. */
export async function callJson(
  address: string,
  method: string,
  body: string | object,
  contentType = "application/json",
): Promise<JsonAnswer> {
  const response = await fetch(`http://${address}/${method}`, {
    method: "POST",
    headers: { "content-type": contentType },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
}

/** The reason in the one ErrorInfo of a failed call. */
export function reasonOf({ body }: JsonAnswer): string | undefined {
  const details = (body.details ?? []) as { type: string; debug?: { reason?: string } }[];
  return details.find(({ type }) => type === "google.rpc.ErrorInfo")?.debug?.reason;
}
