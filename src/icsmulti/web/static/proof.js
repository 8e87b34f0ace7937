// The proof of work that stands in for a captcha: ALTCHA's challenge (PoW v2, PBKDF2), solved
// by a few workers side by side. The widget of that name is 80 KB; this is all that a page needs.

const MOST_WORKERS = 8;

/**
 * Find the counter whose derived key begins with the challenge's prefix.
 *
 * @param challenge what `GET /api/key/challenge` answered
 * @param script the address of proof-worker.js
 * @param onProgress called with the number of counters tried so far
 * @param signal an AbortSignal; aborting rejects with its reason
 * @returns the solution as the API takes it
 */
export async function solve(challenge, script, { onProgress, signal }) {
  const count = Math.min(Math.max(navigator.hardwareConcurrency || 2, 1), MOST_WORKERS);
  const workers = Array.from({ length: count }, () => new Worker(trusted(script)));
  const started = performance.now();
  try {
    const { counter, derivedKey } = await new Promise((resolve, reject) => {
      const tried = new Array(count).fill(0);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      workers.forEach((worker, first) => {
        worker.onerror = (event) => reject(new Error(event.message));
        worker.onmessage = ({ data }) => {
          if (data.derivedKey) resolve(data);
          tried[first] = data.tried;
          onProgress(tried.reduce((sum, each) => sum + each, 0));
        };
        worker.postMessage({ parameters: challenge.parameters, first, step: count });
      });
    });
    const time = Math.round(performance.now() - started);
    return btoa(JSON.stringify({ challenge, solution: { counter, derivedKey, time } }));
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

/** Our own script's address, vouched for where the browser asks (Trusted Types). */
function trusted(script) {
  policy ??= window.trustedTypes?.createPolicy("icsmulti", {
    createScriptURL(address) {
      if (new URL(address, location.href).origin !== location.origin) throw new TypeError(address);
      return address;
    },
  }) ?? { createScriptURL: (address) => address };
  return policy.createScriptURL(script);
}
let policy;
