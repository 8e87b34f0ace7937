// A copy button on each `.snippet`. Its words are the page's (`main`'s data-copy, data-copied).
// Where the server does not know its public address (data-base), the lines get the visitor's.

const words = document.querySelector("main").dataset;

/** A line that names the service, with the address this page came from. */
export function here(text) {
  return words.base ? text.replaceAll(words.base, location.origin) : text;
}

if (words.base && words.base !== location.origin) {
  for (const code of document.querySelectorAll(".snippet code")) {
    const text = here(code.textContent);
    if (text !== code.textContent) code.textContent = text;
  }
}

for (const snippet of document.querySelectorAll(".snippet")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.textContent = words.copy;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    const code = snippet.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = words.copied;
      setTimeout(() => { button.textContent = words.copy; }, 2_000);
    } catch {
      // No clipboard (plain http, or refused): leave the text selected, one gesture away.
      getSelection().selectAllChildren(code);
    }
  });
  snippet.append(button);
}
