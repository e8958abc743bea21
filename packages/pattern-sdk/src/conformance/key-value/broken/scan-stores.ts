import type { ScanPage, ScanRequest } from "../../../patterns/key-value/key-value.js";
import { type BrokenStore, broken } from "./broken-store.js";
import { ReferenceStore } from "./reference-store.js";

/** Stores that get scans and counts wrong. */
export const scanStores: readonly BrokenStore[] = [
  broken(
    "takes % and _ of a prefix for wildcards",
    "scan: a prefix is taken byte for byte, whatever wildcards it holds",
    class extends ReferenceStore {
      override startsWith(key: string, prefix: string): boolean {
        const literal = prefix.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
        return new RegExp(`^${literal.replaceAll("%", ".*").replaceAll("_", ".")}`, "s").test(key);
      }
    },
  ),
  broken(
    "takes * of a counted prefix for a wildcard",
    "count: a prefix is taken byte for byte, whatever wildcards it holds",
    class extends ReferenceStore {
      override count = (prefix: string) => super.count(prefix.replaceAll("*", ""));
    },
  ),
  broken(
    "remembers a page by how many keys came before it",
    "scan: keys that live through the scan come exactly once while keys before and after the page come and go",
    class extends ReferenceStore {
      override scan({ cursor, ...request }: ScanRequest): ScanPage {
        const skipped = Number(cursor ?? 0);
        const page = this.page(this.matchingKeys(request.selection).slice(skipped), request);
        return page.cursor === undefined ? page : { ...page, cursor: String(skipped + page.entries.length) };
      }
    },
  ),
  broken(
    "repeats the last key of a page as the first of the next",
    "scan: pages of every size together hold every key once",
    class extends ReferenceStore {
      override scan(request: ScanRequest): ScanPage {
        const keys = this.matchingKeys(request.selection).filter(
          (key) => this.compareKeys(key, request.cursor ?? "") >= 0,
        );
        return this.page(keys, { ...request, limit: Math.max(request.limit, 2) });
      }
    },
  ),
  broken(
    "does not bound pages by bytes",
    "scan: pages are bounded by bytes",
    class extends ReferenceStore {
      override scan = (request: ScanRequest) => super.scan({ ...request, pageSizeBytes: 3_000_000 });
    },
  ),
  broken(
    "orders keys by their UTF-16 units",
    "ordered scan: keys come in the order of their UTF-8 bytes, across pages, also beyond U+FFFF",
    class extends ReferenceStore {
      override compareKeys = (a: string, b: string) => (a < b ? -1 : Number(a > b));
    },
  ),
  broken(
    "takes the end of a range into it",
    "ordered scan: a range holds its start and not its end",
    class extends ReferenceStore {
      override matchingKeys(selection: ScanRequest["selection"]): string[] {
        return super.matchingKeys(
          selection.kind === "range" && selection.end !== "" ? { ...selection, end: `${selection.end}\0` } : selection,
        );
      }
    },
  ),
  broken(
    "counts a page and not all keys",
    "count: keys are counted exactly, more than a page of them too",
    class extends ReferenceStore {
      override count = (prefix: string) => Math.min(1_000, this.matchingKeys({ kind: "prefix", prefix }).length);
    },
  ),
];
