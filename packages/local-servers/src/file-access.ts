import { access, constants } from "node:fs/promises";

export function isThere(path: string): Promise<boolean> {
  return hasAccess(path, constants.F_OK);
}

export function isExecutable(path: string): Promise<boolean> {
  return hasAccess(path, constants.X_OK);
}

function hasAccess(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
