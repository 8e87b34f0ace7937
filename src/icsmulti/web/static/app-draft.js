// The draft, kept in this browser and nowhere else: a reload or the back button loses nothing.

const KEY = "icsmulti:draft:" + location.pathname.replace(/^\/[a-z]{2}(?=\/)/, "");

/** The draft kept, or null. A browser may refuse storage altogether: then there is none. */
export function kept() {
  try {
    const draft = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(draft?.rows) && draft.rows.length ? draft : null;
  } catch {
    return null;
  }
}

export function keep(draft) {
  try {
    localStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // Refused or full: the page still holds everything.
  }
}

/** Call back when another tab of this browser has kept a draft. */
export function onKeptElsewhere(callback) {
  addEventListener("storage", (event) => {
    if (event.key === KEY) callback();
  });
}
