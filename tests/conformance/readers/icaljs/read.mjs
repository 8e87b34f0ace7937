// Reads .ics files with ical.js: one JSON string a line on standard input, one JSON answer a line
// on standard output, `{events: [...]}` or `{refused: "..."}`. Instants are Unix seconds, dates
// YYYY-MM-DD. The zone is the file's own VTIMEZONE: without one ical.js lets the time float.
import { createInterface } from "node:readline";
import ICAL from "ical.js";

function when(property) {
  if (!property) return null;
  const time = property.getFirstValue();
  if (time.isDate) return time.toString();
  if (time.zone === ICAL.Timezone.localTimezone) throw new Error(`${property.name} floats`);
  return time.toUnixTime();
}

function event(vevent) {
  const text = (name) => vevent.getFirstPropertyValue(name) ?? "";
  return {
    uid: text("uid"),
    summary: text("summary"),
    description: text("description"),
    location: text("location"),
    start: when(vevent.getFirstProperty("dtstart")),
    end: when(vevent.getFirstProperty("dtend")),
    alarms: vevent
      .getAllSubcomponents("valarm")
      .map((alarm) => alarm.getFirstPropertyValue("trigger").toSeconds()),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const calendar = new ICAL.Component(ICAL.parse(JSON.parse(line)));
    answer = { events: calendar.getAllSubcomponents("vevent").map(event) };
  } catch (error) {
    answer = { refused: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
