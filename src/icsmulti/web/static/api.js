// The service's API as a page calls it: JSON in and out, sentences in the page's language.

/** A refusal: `message` is a sentence to show, `code` and `retryAfter` (seconds) are for programs. */
export class Refusal extends Error {
  constructor(status, { error, code } = {}, retryAfter = 0) {
    super(error);
    Object.assign(this, { status, code, retryAfter });
  }
}

/** Call one of our addresses. Throws Refusal, or TypeError when there was no answer. */
export async function call(method, path, { key, body, signal } = {}) {
  const headers = { "Accept-Language": document.documentElement.lang };
  if (key) headers["X-API-Key"] = key;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, {
    method, headers, signal,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "omit", cache: "no-store", redirect: "error",
  });
  const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
  const content = isJson ? await answer.json() : undefined;
  if (!answer.ok) throw new Refusal(answer.status, content, Number(answer.headers.get("Retry-After")));
  return content;
}
