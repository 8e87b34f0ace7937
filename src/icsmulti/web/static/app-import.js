// Tables and saved lists: pasted, dropped or chosen; read by the server, shown, then taken.

import { aroundTheEvents, ask, swap } from "./app-server.js";
import * as rows from "./app-rows.js";

const form = document.getElementById("list");
const panel = document.getElementById("import");
const text = document.getElementById("import-text");

/**
 * @param page what the page does around an import: `before(row, wholly)` a change that can be
 *   undone, `changed(status, row)` after it.
 */
export function watch(page) {
  async function read(how, more = {}) {
    const answer = await ask(aroundTheEvents({ do: how, part: "import", ...more }));
    text.value = answer.getElementById("import-text").value;
    document.getElementById("import-file").value = "";
    panel.open = true;
    swap(answer, "notice");
    swap(answer, "imported");
    const heading = document.getElementById("imported-heading");
    heading?.focus();
    heading?.scrollIntoView(); // to the top: what was read is below it
  }

  async function take() {
    const answer = await ask(aroundTheEvents({ do: "take", part: "rows", next: rows.nextNumber() }));
    page.before();
    text.value = answer.getElementById("import-text").value;
    swap(answer, "imported");
    for (const row of rows.all()) if (rows.isBlank(row)) row.remove();
    const found = rows.of(answer);
    rows.list.append(...found);
    if (!text.value) panel.open = false;
    page.changed(answer.body.dataset.status, found[0]);
  }

  async function open(more = {}) {
    const answer = await ask(aroundTheEvents({ do: "open", part: "rows", ...more }));
    const refused = swap(answer, "notice").firstElementChild;
    document.getElementById("open-file").value = "";
    if (refused) {
      refused.focus();
      return;
    }
    page.before(null, true);
    const found = rows.of(answer);
    rows.list.replaceChildren(...found);
    form.elements.fuseau.value = answer.body.dataset.zone;
    form.elements.plus.value = answer.body.dataset.plus;
    panel.open = false;
    page.changed(answer.body.dataset.status, found[0]);
  }

  const doing = {
    import: () => read("import"),
    reread: () => read("reread"),
    take,
    open: () => open(),
  };

  /** What a file is for is in its name. */
  function receive(file) {
    if (/\.json$/i.test(file.name)) return open({ "open-file": file });
    return read("import", { "import-file": file });
  }

  panel.addEventListener("click", (event) => {
    const action = doing[event.target.closest("button[name=do]")?.value];
    if (!action) return;
    event.preventDefault();
    action().catch(() => form.requestSubmit(event.target.closest("button")));
  });
  panel.addEventListener("change", (event) => {
    const { id, files } = event.target;
    if (files?.length && (id === "import-file" || id === "open-file")) {
      const action = id === "open-file" ? open() : read("import");
      action.catch(() => {}); // the button beside it says more
    }
  });

  addEventListener("dragover", (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    receive(file).catch(() => {});
  });
  rows.list.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    const isTable = /\t/.test(pasted) && /\n./.test(pasted.trim() + "\n");
    if (!isTable || event.target.tagName === "TEXTAREA") return;
    event.preventDefault();
    text.value = pasted;
    read("import").catch(() => (panel.open = true));
  });
}
