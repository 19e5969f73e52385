// Passkeys: each button that has `data-passkey` shows itself where the browser knows them.
// Loaded only by pages that have such a button.

import { _, csrf } from "./words.js";

function toBytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function toText(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (told.reason === "proof_wanted") {
    location.assign(`/proof?next=${encodeURIComponent(location.pathname)}`);
    throw new DOMException("asked for a second proof", "AbortError");
  }
  if (!answer.ok) {
    throw new Error(`${path}: ${answer.status}`);
  }
  return told;
}

function named(list) {
  return (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));
}

async function make(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    },
  });
  return {
    id: made.id,
    rawId: toText(made.rawId),
    type: made.type,
    response: {
      clientDataJSON: toText(made.response.clientDataJSON),
      attestationObject: toText(made.response.attestationObject),
      transports: made.response.getTransports?.() ?? [],
    },
  };
}

async function sign(options) {
  const signed = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: named(options.allowCredentials),
    },
  });
  return {
    id: signed.id,
    rawId: toText(signed.rawId),
    type: signed.type,
    response: {
      clientDataJSON: toText(signed.response.clientDataJSON),
      authenticatorData: toText(signed.response.authenticatorData),
      signature: toText(signed.response.signature),
      userHandle: signed.response.userHandle ? toText(signed.response.userHandle) : null,
    },
  };
}

// `data-passkey` is make or sign, `data-options` and `data-answer` the two addresses.
async function use(button) {
  const { passkey, options, answer, form, next } = button.dataset;
  const act = passkey === "make" ? make : sign;
  const credential = await act(await post(options, {}));
  const told = await post(answer, { credential, next });
  if (form) {
    document.getElementById(form).submit(); // the session is proved now: no password is missed
  } else {
    location.assign(told.next);
  }
}

export function startPasskeys() {
  if (!window.PublicKeyCredential) {
    return;
  }
  for (const button of document.querySelectorAll("[data-passkey]")) {
    const state = document.getElementById("passkey-state");
    button.hidden = false;
    button.addEventListener("click", async () => {
      button.disabled = true;
      state.textContent = "";
      try {
        await use(button);
      } catch (error) {
        if (error.name !== "AbortError") {
          state.textContent = error.name === "NotAllowedError"
            ? _("Nothing was chosen. Try again, or use the password.")
            : _("That passkey was not accepted here.");
        }
        button.disabled = false;
      }
    });
  }
}
