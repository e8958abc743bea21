import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import { invalidField } from "./invalid-field.js";

/** The most that one page holds, and what it holds unless asked for less. */
const pageSizeMax = 1_000;

/** What a request for a page says. */
export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** A page of a list in the order of names. What comes and goes between two pages moves nothing else: a token is the last name. */
export function pageOf<T extends { readonly name: string }>(
  all: readonly T[],
  { pageSize, pageToken }: PageRequest,
): { readonly page: readonly T[]; readonly nextPageToken: string } {
  if (pageSize < 0) throw invalidField("page_size", `is ${pageSize}; give 0 to ${pageSizeMax}`);
  const after = pageToken === "" ? undefined : lastNameOf(pageToken);
  const rest = after === undefined ? all : all.filter(({ name }) => name > after);
  const page = rest.slice(0, Math.min(pageSize || pageSizeMax, pageSizeMax));
  const isLast = page.length === rest.length;
  return { page, nextPageToken: isLast ? "" : tokenOf(page.at(-1)!.name) };
}

function tokenOf(lastName: string): string {
  return Buffer.from(JSON.stringify({ after: lastName })).toString("base64url");
}

function lastNameOf(token: string): string {
  try {
    const { after } = JSON.parse(Buffer.from(token, "base64url").toString()) as { after?: unknown };
    if (typeof after === "string") return after;
  } catch {
    // Told below.
  }
  const text = "page_token was not given out by this method. Begin again without one.";
  throw new GatewayError("INVALID_PAGE_TOKEN", text);
}
