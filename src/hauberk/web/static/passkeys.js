// Passkeys: fetch a challenge, let the authenticator answer it, send the answer with the form.
"use strict";

function octets(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function asked(options) {
  options.challenge = octets(options.challenge);
  if (options.user) options.user.id = octets(options.user.id);
  for (const list of [options.excludeCredentials, options.allowCredentials]) {
    for (const credential of list || []) credential.id = octets(credential.id);
  }
  return options;
}

function answered(credential) {
  const given = credential.response;
  const response = { clientDataJSON: text(given.clientDataJSON) };
  if (given.attestationObject) {
    response.attestationObject = text(given.attestationObject);
    response.transports = given.getTransports ? given.getTransports() : [];
  } else {
    response.authenticatorData = text(given.authenticatorData);
    response.signature = text(given.signature);
    if (given.userHandle) response.userHandle = text(given.userHandle);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
}

const WORDS = {
  NotAllowedError: "Nothing was chosen, or it took too long. Try again.",
  InvalidStateError: "This device has a passkey for this account already.",
  SecurityError: "Passkeys work only where the page was opened by its proper name, over https or as localhost.",
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const says = document.querySelector("[data-passkey-says]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    says.textContent = "";
    if (!window.PublicKeyCredential) {
      says.textContent = "This browser has no passkeys for this page: they need https or localhost.";
      return;
    }
    try {
      const answer = await fetch(form.dataset.challenge, { method: "POST", headers: { "X-CSRF-Token": form.elements.csrf.value, Accept: "application/json" } });
      if (!answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        says.textContent = page.querySelector("main p")?.textContent || "The server did not answer. Try again.";
        return;
      }
      const publicKey = asked(await answer.json());
      const credential = form.dataset.passkey === "create" ? await navigator.credentials.create({ publicKey }) : await navigator.credentials.get({ publicKey });
      form.elements.credential.value = answered(credential);
      form.submit();
    } catch (error) {
      says.textContent = WORDS[error.name] || "The passkey could not be used. Try again.";
    }
  });
}
