// What the page asks its own server for. Answers come parsed by the browser as documents, by
// XMLHttpRequest: text is never made into HTML here (Trusted Types has nothing to refuse).

const form = document.getElementById("list");

/** Post fields to the form's address; the answer's document. Rejects when there is none. */
export function ask(fields, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.getAttribute("action"));
    request.responseType = "document";
    request.addEventListener("load", () => {
      if (request.status === 200 && request.response) resolve(request.response);
      else reject(new Error(String(request.status)));
    });
    request.addEventListener("error", () => reject(new Error("network")));
    signal?.addEventListener("abort", () => {
      request.abort();
      reject(signal.reason);
    });
    request.send(fields);
  });
}

/** The whole form's fields, and some more. */
export function everything(more) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && name !== "undo" && !name.startsWith("import-")) fields.append(name, value);
  }
  for (const [name, value] of Object.entries(more)) fields.set(name, value);
  return fields;
}

/** The fields that are not events: the import's, with its files, the zone, a frame's own. */
export function aroundTheEvents(more) {
  const fields = new FormData(form);
  for (const name of [...fields.keys()]) if (/^o\d+-/.test(name) || name === "undo") fields.delete(name);
  for (const [name, value] of Object.entries(more)) fields.set(name, value);
  return fields;
}

/** Put a part of an answer in the place of the page's own; the part. */
export function swap(answer, id) {
  const part = document.adoptNode(answer.getElementById(id));
  document.getElementById(id).replaceWith(part);
  return part;
}
