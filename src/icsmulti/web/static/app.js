// The form's conveniences: events change at once, faults and preview follow as one types, the
// draft is kept. Without this file the page works the same, one answer of the server at a time.

import * as drafts from "./app-draft.js";
import { judge, leave } from "./app-faults.js";
import { watch } from "./app-import.js";
import * as rows from "./app-rows.js";

const form = document.getElementById("list");
const status = document.getElementById("status");
const undoButton = document.getElementById("undo");
const zone = form.elements.fuseau;
const JUDGE_AFTER_MS = 500;
const UNDO_STEPS = 50;

const undone = [];
let timer = 0;
let waiting = false; // for the answer to what the visitor asked for: no quiet question overtakes it
let submitting = false;

const snapshot = () => ({ rows: rows.all().map(rows.values), zone: zone.value, plus: form.elements.plus.value });
const keep = () => drafts.keep(snapshot());
const say = (sentence) => {
  status.textContent = sentence;
};

function restore(draft) {
  rows.replaceAll(draft.rows);
  zone.value = draft.zone || zone.value;
  form.elements.plus.value = draft.plus ?? "";
}

/**
 * Remember the list as it is, and which event to go to when it is brought back. `wholly` is for a
 * change of what the events say, and not only of which there are: a list opened in another's place.
 */
function before(row, wholly = false) {
  undone.push({ ...snapshot(), wholly, at: Math.max(rows.all().indexOf(row), 0) });
  if (undone.length > UNDO_STEPS) undone.shift();
}

/** Which events there were, and what has been written in them since: undoing loses no writing. */
function undo() {
  const then = undone.pop();
  const now = new Map(rows.all().map(rows.values).map((values) => [values.id, values]));
  restore(then.wholly ? then : { plus: then.plus, rows: then.rows.map((old) => now.get(old.id) ?? old) });
  changed(said.sayRestored, rows.all()[then.at] ?? rows.list.firstElementChild);
}

function changed(sentence, row, focused = row && rows.field(row, "titre")) {
  rows.number();
  undoButton.hidden = !undone.length;
  say(sentence);
  focused?.focus();
  later();
}

/** Keep the draft now, ask the server soon. */
function later() {
  keep();
  clearTimeout(timer);
  timer = setTimeout(() => (waiting ? later() : judge().catch(() => {})), JUDGE_AFTER_MS);
}

/** Say every fault; go on where there is none, or do otherwise where that cannot be known. */
function goOn(action, otherwise) {
  if (waiting) return;
  waiting = true;
  clearTimeout(timer); // it would have asked the same
  judge({ loudly: true })
    .then((faults) => faults || action(), otherwise)
    .finally(() => { waiting = false; });
}

const days = { copy: 0, day: 1, week: 7 };
const said = form.dataset;

function act(verb, row, button) {
  const other = verb === "up" ? row.previousElementSibling : row.nextElementSibling;
  if ((verb === "up" || verb === "down") && !other) return;
  before(row);
  if (verb in days) {
    const { id, ...same } = rows.values(row);
    same.jour = rows.later(same.jour, days[verb]);
    same.fin_jour = rows.later(same.fin_jour, days[verb]);
    const copy = rows.make(same);
    row.after(copy);
    changed(said.sayCopied, copy, rows.field(copy, verb === "copy" ? "titre" : "jour"));
  } else if (verb === "up" || verb === "down") {
    verb === "up" ? other.before(row) : other.after(row);
    changed(said.sayMoved, row, button);
  } else if (verb === "remove") {
    const near = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    if (!near) rows.list.append(rows.make({}));
    changed(said.sayRemoved, near ?? rows.list.firstElementChild);
  }
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=do]");
  if (!button) return;
  const { verb } = button.dataset;
  if (verb) {
    event.preventDefault();
    act(verb, button.closest(".event"), button);
  } else if (button.value === "add") {
    event.preventDefault();
    const row = rows.make({});
    rows.list.append(row);
    for (const then of undone) then.rows.push(rows.values(row)); // no undoing takes it away
    changed("", row);
  } else if (button.value === "undo" && undone.length) {
    event.preventDefault();
    undo();
  } else if (button.value === "clear") {
    event.preventDefault();
    before();
    rows.replaceAll([{}]);
    changed(said.sayCleared, rows.list.firstElementChild);
  } else if (button.value === "preview") {
    event.preventDefault();
    goOn(() => document.getElementById("preview").scrollIntoView(), () => submit(button));
  } else if (button.value === "download" && !submitting) {
    event.preventDefault();
    keep();
    // The server would answer the faults with a whole page; asked first, they come in place.
    goOn(() => submit(button), () => submit(button));
  }
});

/** A real submission, of a real form: phones refuse files that scripts make. */
function submit(button) {
  submitting = true;
  form.requestSubmit(button);
  submitting = false;
}

form.addEventListener("input", (event) => {
  if (event.target.closest(".event, .zone")) later();
});

form.addEventListener("change", (event) => {
  const row = event.target.closest(".event");
  if (event.target !== zone && !row) return;
  leave(event.target);
  // An hour is what most events last: proposed, in sight, and only where nothing stands.
  if (row && event.target === rows.field(row, "heure")) {
    const end = rows.field(row, "fin_heure");
    const [hour, minute] = event.target.value.split(":");
    if (!end.value && hour && Number(hour) < 23) end.value = `${String(Number(hour) + 1).padStart(2, "0")}:${minute}`;
  }
  later();
});

form.addEventListener("focusout", (event) => {
  const row = event.target.closest(".event");
  if (row && !row.contains(event.relatedTarget) && !rows.isBlank(row)) {
    leave(row);
    later();
  }
});

zone.addEventListener(
  "focus",
  async () => {
    const answer = await fetch(form.dataset.cities).catch(() => null);
    const names = answer?.ok ? await answer.json() : [];
    document.getElementById("cities").replaceChildren(...names.map((name) => new Option(name, name)));
  },
  { once: true },
);

addEventListener("pagehide", keep);
drafts.onKeptElsewhere(() => {
  const draft = drafts.kept();
  if (draft && !document.hasFocus()) restore(draft);
});
watch({ before, changed });

const draft = "fresh" in form.dataset ? drafts.kept() : null;
if (draft) {
  restore(draft);
  if (rows.all().some((row) => !rows.isBlank(row))) {
    say(said.sayKept);
    judge().catch(() => {});
  }
} else if ("fresh" in form.dataset) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (own && !zone.value.includes(own)) zone.value = own;
} else keep();
document.documentElement.classList.add("enhanced");
