// The events on the page, as values: read, made, filled, numbered. Nothing here asks the server.

const FIELDS = ["id", "titre", "notes", "jour", "heure", "fin_jour", "fin_heure", "lieu", "journee", "rappel", "plus",
  "lien", "statut", "repete", "repete_fin", "rappel_2", "rappel_3"];
const FOLDED = ["lien", "statut", "repete", "repete_fin", "rappel_2", "rappel_3"];
const NUMBERED = ["id", "name", "for", "value", "aria-describedby"];

const template = document.getElementById("event");
export const list = document.getElementById("rows");

let next = 0;
const inputs = new WeakMap(); // of a row, by name: a long list is read at every change

/** A number that no row of this page has had. */
export const nextNumber = () => next++;

export const all = () => [...list.children];

export function field(row, name) {
  if (!inputs.has(row)) {
    const own = [...row.querySelectorAll(`[name^="${row.id}-"]`)];
    inputs.set(row, new Map(own.map((input) => [input.name.slice(row.id.length + 1), input])));
  }
  return inputs.get(row).get(name);
}

function value(input) {
  return input.type === "checkbox" && !input.checked ? "" : input.value;
}

export function values(row) {
  return Object.fromEntries(FIELDS.map((name) => [name, value(field(row, name))]));
}

export function isBlank(row) {
  const { id, journee, rappel, rappel_2, rappel_3, ...typed } = values(row);
  return Object.values(typed).every((value) => value === "");
}

/** 128 random bits, as the server would make them. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Buttons that submit nothing. Chromium looks through the whole form for its default button each
 * time one that could be it comes or goes: of two hundred rows, for seconds.
 */
function quieten(root) {
  for (const button of root.querySelectorAll("button")) button.type = "button";
}

/** A row that the server wrote, from now on one of this page's. */
function welcome(row) {
  next = Math.max(next, Number(row.id.slice(1)) + 1);
  quieten(row);
  return row;
}

/** The rows of an answer. */
export function of(answer) {
  return [...answer.getElementById("rows").children].map((row) => welcome(document.adoptNode(row)));
}

/** A row, not yet on the page, that holds these values. */
export function make(given) {
  const row = template.content.firstElementChild.cloneNode(true);
  const number = String(nextNumber());
  for (const element of [row, ...row.querySelectorAll("*")]) {
    for (const name of NUMBERED) {
      const value = element.getAttribute(name);
      if (value?.includes("__")) element.setAttribute(name, value.replaceAll("__", number));
    }
  }
  fill(row, { ...given, id: given.id || newId() });
  return row;
}

function fill(row, given) {
  for (const name of FIELDS) {
    const input = field(row, name);
    const wanted = given[name] ?? "";
    if (value(input) === wanted) continue;
    if (input.type === "checkbox") input.checked = wanted !== "";
    else if (input.tagName === "SELECT" && ![...input.options].some((option) => option.value === wanted)) {
      input.add(new Option(wanted, wanted, true, true));
    } else input.value = wanted;
  }
  if (FOLDED.some((name) => given[name])) row.querySelector(".more").open = true;
}

/** After any change of order or number. */
export function number() {
  all().forEach((row, at) => {
    row.querySelector(".ordinal").textContent = String(at + 1);
    for (const label of row.querySelectorAll("[data-label]")) {
      label.textContent = label.dataset.label.replace("#", String(at + 1));
    }
  });
}

/** Make the list hold these values in this order. An event that it already holds stays where it is. */
export function replaceAll(given) {
  const old = new Map(all().map((row) => [field(row, "id").value, row]));
  const rows = given.map((values) => {
    const row = old.get(values.id);
    if (!old.delete(values.id)) return make(values); // also the second of two with one id
    fill(row, values);
    return row;
  });
  const kept = new Set(rows);
  for (const row of all()) if (!kept.has(row)) row.remove();
  rows.forEach((row, at) => {
    if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
  });
  number();
}

/** A day, some days later, as a date field writes it; anything else as it is. */
export function later(day, days) {
  const date = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return day;
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

all().forEach(welcome);
quieten(template.content);
