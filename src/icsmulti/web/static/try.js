// « Essayer »: one call to /api/generate from the page. The key never leaves this form.

const form = document.getElementById("trial");
const [key, body, status, answer] = ["key", "body", "status", "answer"].map((part) =>
  document.getElementById(`trial-${part}`));
const button = form.querySelector("button");

form.hidden = false;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  status.textContent = form.dataset.waiting;
  answer.hidden = true;
  try {
    const response = await fetch("/api/generate", {
      method: "POST",
      headers: {
        "X-API-Key": key.value.trim(),
        "Content-Type": "application/json",
        "Accept-Language": document.documentElement.lang,
      },
      body: body.value,
      credentials: "omit",
    });
    const text = await response.text();
    const isJson = response.headers.get("Content-Type").includes("json");
    status.textContent = `${response.status} · ${response.headers.get("Content-Type")}`;
    answer.textContent = isJson ? JSON.stringify(JSON.parse(text), null, 2) : text;
    answer.hidden = false;
  } catch {
    status.textContent = form.dataset.unreachable;
  } finally {
    button.disabled = false;
  }
});
