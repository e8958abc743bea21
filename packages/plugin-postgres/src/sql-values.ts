import type { SqlValue } from "@prism-data/pattern-sdk";
import { type ArrayElement, parseArray } from "./array-literal.js";
import { knownType, type SqlForm } from "./sql-types.js";

const microsPerSecond = 1_000_000n;
const secondsPerMinute = 60;

/** What fits a Timestamp: the years 1 to 9999. Everything else is passed on as text. */
const instantText = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/;
const localTimestampText = /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/;
const dateText = /^\d{4,7}-\d\d-\d\d$/;
const timeText = /^\d\d:\d\d:\d\d(?:\.\d{1,6})?$/;
const zonedTimeText = /^(\d\d:\d\d:\d\d(?:\.\d{1,6})?[+-]\d\d)(:\d\d)?(:\d\d)?$/;
const infinities: readonly string[] = ["infinity", "-infinity"];

const nullValue: SqlValue = { kind: "null" };

/** Makes values of one column's texts. */
export function valueReader(oid: number): (text: string | null) => SqlValue {
  const type = knownType(oid);
  const form = type?.form ?? "other";
  if (type?.isArray) return (text) => (text === null ? nullValue : arrayOf(text, form));
  return (text) => (text === null ? nullValue : sqlValue(text, form));
}

function arrayOf(text: string, form: SqlForm): SqlValue {
  const elements = parseArray(text);
  if (elements === undefined) return { kind: "other", value: text };
  const toValue = (element: ArrayElement): SqlValue => {
    if (element === null) return nullValue;
    return typeof element === "string" ? sqlValue(element, form) : { kind: "array", elements: element.map(toValue) };
  };
  return { kind: "array", elements: elements.map(toValue) };
}

/**
 * What does not have the form that its type usually has, such as a date that the app has set to be written otherwise, is passed
 * on as it is.
 */
function sqlValue(text: string, form: SqlForm): SqlValue {
  switch (form) {
    case "bool":
      return { kind: "bool", value: text === "t" };
    case "int64":
      return { kind: "int64", value: BigInt(text) };
    case "double":
      return { kind: "double", value: Number(text) };
    case "bytes":
      return text.startsWith("\\x") ? { kind: "bytes", value: Buffer.from(text.slice(2), "hex") } : other(text);
    case "timestamp":
      return timestampOf(text);
    case "local_timestamp":
      if (infinities.includes(text)) return { kind: form, value: text };
      return localTimestampText.test(text) ? { kind: form, value: text.replace(" ", "T") } : other(text);
    case "date":
      return dateText.test(text) || infinities.includes(text) ? { kind: form, value: text } : other(text);
    case "time":
      return timeText.test(text) ? { kind: form, value: text } : other(text);
    case "zoned_time":
      return zonedTimeOf(text);
    default:
      return { kind: form, value: text };
  }
}

function other(text: string): SqlValue {
  return { kind: "other", value: text };
}

function timestampOf(text: string): SqlValue {
  const parts = instantText.exec(text);
  if (parts === null) return other(text);
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = "",
    sign,
    zoneHours,
    zoneMinutes = "0",
    zoneSeconds = "0",
  ] = parts;
  const local = new Date(0);
  // The other ways to set a year take those below 100 for the twentieth century's.
  local.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  local.setUTCHours(Number(hour), Number(minute), Number(second));
  const zone = (Number(zoneHours) * secondsPerMinute + Number(zoneMinutes)) * secondsPerMinute + Number(zoneSeconds);
  const seconds = BigInt(local.getTime() / 1_000 - (sign === "-" ? -zone : zone));
  return { kind: "timestamp", micros: seconds * microsPerSecond + BigInt(fraction.padEnd(6, "0")) };
}

/** PostgreSQL leaves minutes of an offset out that are zero. */
function zonedTimeOf(text: string): SqlValue {
  const [, hours, minutes = ":00", seconds = ""] = zonedTimeText.exec(text) ?? [];
  return hours === undefined ? other(text) : { kind: "time", value: `${hours}${minutes}${seconds}` };
}
