/** Why a server of this machine could not be found, started or stopped, and what to do. */
export class LocalServerError extends Error {
  override readonly name = "LocalServerError";
}
