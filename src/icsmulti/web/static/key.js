// The key page: ask for a key (proof of work, then one call), and look after one's own.
// A key lives in this module's memory and in the page, nowhere else.

import { here } from "./copy.js";
import { call, Refusal } from "./api.js";
import { solve } from "./proof.js";

const at = (id) => document.getElementById(id);
const [ask, own, about, made] = ["ask", "own", "about", "made"].map(at);
const language = document.documentElement.lang;
const dates = language === "en" ? "en-GB" : language; // as the server writes them
const clock = new Intl.DateTimeFormat(dates, { dateStyle: "long", timeStyle: "short", hour12: language === "en" });
// 15:56 is how CLDR writes a time in French; printers write 15 h 56.
const moment = (iso) => clock.format(new Date(iso)).replace(/(\d\d):(\d\d)$/, language === "fr" ? "$1\u00a0h\u00a0$2" : "$&");
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

own.hidden = false;
if (ask) {
  // crypto.subtle exists in secure contexts only, and a key must not cross a readable line.
  (window.isSecureContext ? ask : at("insecure")).hidden = false;
  ask.addEventListener("submit", issue);
}
own.addEventListener("submit", (event) => { event.preventDefault(); show(); });
at("rotate").addEventListener("submit", rotate);
at("revoke").addEventListener("submit", (event) => { event.preventDefault(); askTwice(true); });
at("revoke-no").addEventListener("click", () => askTwice(false));
at("revoke-yes").addEventListener("click", revoke);

// Asking ---------------------------------------------------------------------------------

async function issue(event) {
  event.preventDefault();
  const [button, stop, work, status] = [ask.querySelector("button"), at("stop"), at("work"), at("ask-status")];
  const stopping = new AbortController();
  stop.onclick = () => stopping.abort();
  made.hidden = true;
  at("ask-fault").textContent = "";
  button.disabled = true;
  stop.hidden = work.hidden = false;
  work.value = 0;
  status.textContent = ask.dataset.working;
  try {
    const challenge = await call("GET", "/api/key/challenge", { signal: stopping.signal });
    const altcha = await solve(challenge, ask.dataset.worker, {
      signal: stopping.signal,
      onProgress: (tried) => { work.value = Math.min(tried / Number(ask.dataset.work), 1); },
    });
    status.textContent = ask.dataset.sending;
    stop.hidden = true;
    reveal(await call("POST", "/api/key", { body: { libelle: at("label").value, altcha } }));
    status.textContent = "";
  } catch (error) {
    status.textContent = stopping.signal.aborted ? ask.dataset.stopped : "";
    if (!stopping.signal.aborted) at("ask-fault").textContent = sentence(error);
  } finally {
    button.disabled = false;
    stop.hidden = work.hidden = true;
  }
}

/** Show a new key, once, and put it where « Ma clé » expects it. */
function reveal({ cle, ancienne }) {
  const [old, code] = [at("made-old"), at("made-call")];
  at("made-key").textContent = cle;
  code.textContent = here(code.dataset.call.replace("icsm_…", cle));
  old.textContent = "";
  if (ancienne) {
    const ended = new Date(ancienne.expireLe) <= new Date();
    old.textContent = ended ? old.dataset.stopped : fill(old.dataset.old, { when: moment(ancienne.expireLe) });
  }
  at("key").value = cle;
  made.hidden = false;
  made.focus();
}

// One's own key ----------------------------------------------------------------------------

let current = "";

async function show() {
  const status = at("own-status");
  at("own-fault").textContent = "";
  at("revoked").hidden = true;
  status.textContent = own.dataset.asking;
  about.hidden = true;
  try {
    current = at("key").value.trim();
    describe(await call("GET", "/api/key", { key: current }));
    about.hidden = false;
    about.focus();
  } catch (error) {
    at("own-fault").textContent = sentence(error);
  } finally {
    status.textContent = "";
  }
}

function describe(key) {
  const words = about.dataset;
  const count = (n) => (n === null ? words.none : new Intl.NumberFormat(language).format(n));
  const { parMinute, parJour } = key.limites;
  const facts = {
    label: key.libelle || "–",
    id: key.id,
    created: moment(key.creeLe),
    expires: key.expireLe ? moment(key.expireLe) : words.never,
    used: key.derniereUtilisation ? moment(key.derniereUtilisation) : words.notYet,
    today: count(key.usage.jour),
    limits: parMinute === null && parJour === null
      ? words.none : fill(words.per, { minute: count(parMinute), day: count(parJour) }),
  };
  for (const cell of about.querySelectorAll("[data-fact]")) cell.textContent = facts[cell.dataset.fact];
  const days = Object.entries(key.usage.parJour).sort().reverse();
  at("days").hidden = days.length === 0;
  at("days").querySelector("tbody").replaceChildren(...days.map(([day, n]) => {
    const row = document.createElement("tr");
    const name = new Intl.DateTimeFormat(dates, { dateStyle: "long", timeZone: "UTC" }).format(new Date(day));
    for (const text of [name, count(n)]) row.insertCell().textContent = text;
    return row;
  }));
  askTwice(false);
}

async function rotate(event) {
  event.preventDefault();
  await attempt(async () => {
    const fresh = await call("POST", "/api/key/rotate", { key: current, body: { chevauchement: at("overlap").value } });
    about.hidden = true;
    reveal(fresh);
  });
}

async function revoke() {
  await attempt(async () => {
    await call("DELETE", "/api/key", { key: current });
    current = at("key").value = "";
    about.hidden = made.hidden = true;
    at("revoked").hidden = false;
    at("revoked").focus();
  });
}

/** The second question before what cannot be undone. */
function askTwice(asking) {
  const hadFocus = at("revoke").contains(document.activeElement);
  at("revoke-first").hidden = asking;
  at("revoke-sure").hidden = !asking;
  if (hadFocus) (asking ? at("revoke-no") : at("revoke-first").firstElementChild).focus();
}

async function attempt(action) {
  at("about-fault").textContent = "";
  try {
    await action();
  } catch (error) {
    at("about-fault").textContent = sentence(error);
  }
}

const sentence = (error) => (error instanceof Refusal && error.message) || own.dataset.unreachable;
