/** Characters that some data system, client or pattern language treats as something else than themselves. */
export const wildcards = [
  "%",
  "_",
  "*",
  "?",
  "[a]",
  "{a}",
  "\\",
  ".",
  "^",
  "$",
  "|",
  "a%",
  "a_",
  "a*",
  "\\%",
  "%%",
  "a?",
];

const asciiCharacters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));

const lookAlikes = [
  "A",
  "a ",
  " a",
  "a\0",
  "a\0b",
  "ab",
  "a:b",
  "a::b",
  ":a",
  "a/b",
  "a//b",
  "../a",
  "a\r\n",
  "a\t",
  "'a'",
  '"a"',
];

const unicode = [
  "é",
  "e\u0301",
  "ß",
  "ss",
  "İ",
  "ı",
  "а",
  "\u00a0",
  "\u200b",
  "\ufeff",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "😀",
  "𐀀",
  "日本",
];

const namesOfLanguages = [
  "__proto__",
  "constructor",
  "null",
  "undefined",
  "true",
  "0",
  "00",
  "1e3",
  "NaN",
  "KEYS",
  "nil",
];

/** Keys that are easily taken for each other or for something else. None stands twice. */
export const trickyKeys: readonly string[] = [
  ...new Set([...asciiCharacters, ...wildcards, ...lookAlikes, ...unicode, ...namesOfLanguages]),
];
