// Expands the series of .ics files with ical.js: one JSON `[file, count]` a line on standard input,
// one JSON list a line on standard output: the first dates of the first event, changed ones as they
// are instead, as Unix seconds, or YYYY-MM-DD for whole days. `{refused: "..."}` where it cannot.
import { createInterface } from "node:readline";
import ICAL from "ical.js";

function starts(text, count) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const [first, ...others] = calendar.getAllSubcomponents("vevent");
  const event = new ICAL.Event(first, { exceptions: others, strictExceptions: true });
  const iterator = event.iterator();
  const found = [];
  for (let time = iterator.next(); time && found.length < count; time = iterator.next()) {
    const start = event.getOccurrenceDetails(time).startDate;
    if (!start.isDate && start.zone === ICAL.Timezone.localTimezone) throw new Error("floats");
    found.push(start.isDate ? start.toString() : start.toUnixTime());
  }
  return found;
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = starts(...JSON.parse(line));
  } catch (error) {
    answer = { refused: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
