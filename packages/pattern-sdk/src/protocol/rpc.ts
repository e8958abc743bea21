/** The messages of `google.rpc` that an error travels in. */
export { Any } from "./gen/google/protobuf/any.js";
export { BadRequest, ErrorInfo, QuotaFailure, RetryInfo } from "./gen/google/rpc/error_details.js";
export { Status } from "./gen/google/rpc/status.js";
