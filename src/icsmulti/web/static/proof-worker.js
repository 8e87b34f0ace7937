// One of the workers of proof.js: tries every counter ≡ first (mod step), in order.

const REPORT_EVERY = 64;

self.onmessage = async ({ data: { parameters, first, step } }) => {
  const nonce = bytes(parameters.nonce);
  const prefix = bytes(parameters.keyPrefix);
  const derivation = {
    name: "PBKDF2",
    hash: parameters.algorithm.split("/")[1] ?? "SHA-256",
    salt: bytes(parameters.salt),
    iterations: parameters.cost,
  };
  const password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  const view = new DataView(password.buffer);
  for (let counter = first, tried = 1; ; counter += step, tried += 1) {
    view.setUint32(nonce.length, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const derived = new Uint8Array(
      await crypto.subtle.deriveBits(derivation, key, parameters.keyLength * 8));
    if (prefix.every((octet, place) => derived[place] === octet)) {
      self.postMessage({ tried, counter, derivedKey: hexadecimal(derived) });
      return;
    }
    if (tried % REPORT_EVERY === 0) self.postMessage({ tried });
  }
};

function bytes(text) {
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}

function hexadecimal(octets) {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
