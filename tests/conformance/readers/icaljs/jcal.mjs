// Prints what ical.js makes of .ics files: one JSON string a line in, one jCal calendar a line out.
import { createInterface } from "node:readline";
import ICAL from "ical.js";

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(ICAL.parse(JSON.parse(line))) + "\n");
}
