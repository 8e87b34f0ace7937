// What the server finds wrong, shown beside the fields: those the visitor has left, and all of
// them once the calendar was asked for. An event still being written is left in peace.

import * as rows from "./app-rows.js";
import { everything, ask, swap } from "./app-server.js";

const form = document.getElementById("list");
const spoken = document.createElement("p");
const left = new WeakSet();
let asked = !document.getElementById("summary").hidden;
let running = null;

spoken.className = "visually-hidden";
spoken.setAttribute("role", "status");
form.append(spoken);

/** The visitor has been there: what is wrong with it may now be said. */
export function leave(element) {
  left.add(element);
}

/** Ask what is wrong and how it will look; how many faults there are. Rejects if it cannot be known. */
export async function judge({ loudly = false } = {}) {
  asked ||= loudly;
  running?.abort();
  const mine = (running = new AbortController());
  const sent = rows.all().map((row) => row.id);
  const answer = await ask(everything({ do: "preview", part: "judged" }), mine.signal);
  const items = [...answer.querySelectorAll("#faults > li")];
  for (const item of items) nameAsHere(item, sent);
  const faults = items.map((item) => item.dataset);
  show(faults);
  const summary = sum(answer, loudly);
  summary.hidden = !(asked && faults.length);
  if (summary.hidden) asked &&= loudly;
  else if (loudly) summary.focus();
  swap(answer, "preview");
  return faults.length;
}

/** The server numbers the rows it was sent by their place; on the page each keeps a number of its own. */
function nameAsHere(item, sent) {
  item.dataset.for = item.dataset.for.replace(/^o(\d+)(?=-)/, (_, at) => sent[at]);
  item.querySelector("a").setAttribute("href", `#${item.dataset.for}`);
}

/** What a summary says, and where its links lead. */
const told = (summary) => [...summary.querySelectorAll("a")].map((link) => link.hash + link.textContent).join("\n");

/** The summary, put in place only when it says something else: one may be about to press it. */
function sum(answer, loudly) {
  const old = document.getElementById("summary");
  if (!loudly && told(old) === told(answer.getElementById("summary"))) return old;
  const hadFocus = old.contains(document.activeElement);
  const summary = swap(answer, "summary");
  if (!loudly) summary.removeAttribute("role"); // an alert once, not at every letter typed
  if (hadFocus) summary.focus();
  return summary;
}

function show(faults) {
  const messages = new Map();
  for (const { for: target, message } of faults) {
    const element = document.getElementById(target);
    if (asked || !element || left.has(element) || left.has(element.closest(".event"))) {
      messages.set(target, [messages.get(target), message].filter(Boolean).join(" "));
    }
  }
  const fresh = [];
  for (const place of form.querySelectorAll(".fault[id]")) {
    const target = place.id.replace(/-fault$/, "");
    const message = messages.get(target) ?? "";
    if (place.textContent === message) continue;
    place.textContent = message;
    const element = document.getElementById(target);
    if (message) {
      element?.setAttribute("aria-invalid", "true");
      fresh.push(message);
    } else element?.removeAttribute("aria-invalid");
  }
  if (!asked) spoken.textContent = fresh.join(" ");
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("#faults a")?.hash.slice(1);
  const element = target && document.getElementById(target);
  if (!element) return;
  event.preventDefault();
  element.focus();
});
