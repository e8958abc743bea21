import { expect, test } from "vitest";
import { parseArray } from "./array-literal.js";

test.each<[string, unknown]>([
  ["{}", []],
  ["{1,2,NULL}", ["1", "2", null]],
  ['{"NULL","",a}', ["NULL", "", "a"]],
  ['{"a\\"b","c\\\\d","e,f}"}', ['a"b', "c\\d", "e,f}"]],
  [
    "{{1,2},{3,4}}",
    [
      ["1", "2"],
      ["3", "4"],
    ],
  ],
  ["[0:1]={1,2}", undefined],
])("%s holds %j", (text, elements) => {
  expect(parseArray(text)).toEqual(elements);
});
