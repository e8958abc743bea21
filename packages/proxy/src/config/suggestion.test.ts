import { expect, test } from "vitest";
import { nearest } from "./suggestion.js";

const known = ["listen", "admin", "backends", "namespaces", "services", "limits", "log"];

test.each([
  ["lisen", "listen"],
  ["lsiten", "listen"],
  ["Listen", "listen"],
  ["namespace", "namespaces"],
  ["nmaespaces", "namespaces"],
  ["lgo", "log"],
  ["x", undefined],
  ["", undefined],
  ["everything", undefined],
])("%s most likely means %s", (name, meant) => {
  expect(nearest(name, known)).toBe(meant);
});
