const datePattern = /^(\d{4})-(\d{2})-(\d{2})$/;
const timePattern = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$/;
const offsetPattern = /(?:[+-](?:0\d|1[0-5]):[0-5]\d)$/;

/** What stands for the ends of time, where the data system has them. */
const endless: readonly string[] = ["infinity", "-infinity"];

/** Whether a text is a date of the calendar as `2026-02-28`, or an end of time. */
export function isDate(text: string): boolean {
  return endless.includes(text) || isCalendarDate(text);
}

/** Whether a text is a time of day as `23:59:59.123456`, which an offset such as `+02:00` may follow. */
export function isTime(text: string): boolean {
  return timePattern.test(text.replace(offsetPattern, ""));
}

/** Whether a text is a date and a time of day as `2026-02-28T23:59:59.123456`, or an end of time. */
export function isLocalTimestamp(text: string): boolean {
  if (endless.includes(text)) return true;
  return text[10] === "T" && isCalendarDate(text.slice(0, 10)) && timePattern.test(text.slice(11));
}

function isCalendarDate(text: string): boolean {
  const [, year, month, day] = datePattern.exec(text) ?? [];
  if (year === undefined || year === "0000") return false;
  // A day that the month does not have moves on into the next.
  const date = new Date(`${text}T00:00:00Z`);
  return date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day);
}
