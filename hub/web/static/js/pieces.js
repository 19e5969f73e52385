// Sends a large file (a household's film, a bundle of programs) in pieces (tus 1.0.0), and goes on where
// it broke off: after a lost line by itself, after closing the page when the same file is chosen again.
// Without this the form itself does.

const form = document.querySelector("form[data-upload]");
const field = form.querySelector("input[type=file]");
const state = document.getElementById("pieces-state");
const bar = document.getElementById("pieces-progress");
const LONGEST_WAIT_MS = 30000;

const said = form.dataset;
const HEADERS = { "Tus-Resumable": "1.0.0" };
if (form.elements.csrf) HEADERS["X-CSRF-Token"] = form.elements.csrf.value;
let isSending = false;

for (const one of form.querySelectorAll("[data-without]")) one.hidden = true;
for (const one of form.querySelectorAll("[data-with]")) one.hidden = false;

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

const base64 = (text) => {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""));
};

const show = (come, all) => {
  const percent = all ? Math.floor((100 * come) / all) : 0;
  bar.hidden = false;
  bar.value = percent;
  state.textContent = said.sending.replace("{percent}", percent);
};

class Refused extends Error {}

// What cannot be is said in the hub's own words; a line that is gone is no answer at all.
const check = async (answer) => {
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  if (told.words) throw new Refused(told.words);
  if (answer.status === 401 || answer.status === 403) { // signed out, or signed in anew elsewhere
    location.assign(said.upload.replace(/\/upload$/, ""));
  }
  throw new Error(told.reason || String(answer.status));
};

const begin = async (file) => {
  const mark = `${file.name}|${file.size}|${file.lastModified}`;
  const metadata = `name ${base64(file.name)},mark ${base64(mark)}`;
  const answer = await check(
    await fetch(said.upload, {
      method: "POST",
      headers: { ...HEADERS, "Upload-Length": String(file.size), "Upload-Metadata": metadata },
    }),
  );
  return {
    place: answer.headers.get("Location"),
    offset: Number(answer.headers.get("Upload-Offset")),
  };
};

const bring = async (file, place, offset) => {
  const piece = file.slice(offset, offset + Number(said.chunk));
  const answer = await check(
    await fetch(place, {
      method: "PATCH",
      headers: {
        ...HEADERS,
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": String(offset),
      },
      body: piece,
    }),
  );
  return Number(answer.headers.get("Upload-Offset"));
};

const send = async (file) => {
  let waitMs = 1000;
  for (;;) {
    try {
      let { place, offset } = await begin(file);
      while (offset < file.size) {
        show(offset, file.size);
        offset = await bring(file, place, offset);
        waitMs = 1000;
      }
      return place;
    } catch (error) {
      if (error instanceof Refused) throw error;
      state.textContent = said.waiting;
      await pause(waitMs);
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    }
  }
};

const handOver = (place) => {
  field.disabled = true; // its bytes are there already
  if (form.elements.upload) form.elements.upload.value = place.split("/").pop();
  form.enctype = "application/x-www-form-urlencoded";
  form.action = said.take;
  form.submit();
};

form.addEventListener("submit", async (event) => {
  const file = field.files[0];
  event.preventDefault();
  if (isSending || !file) return;
  if (file.size > Number(said.most)) {
    state.textContent = said.large;
    return;
  }
  isSending = true;
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const place = await send(file);
    state.textContent = said.sent;
    handOver(place);
  } catch (error) {
    state.textContent = error.message;
    isSending = false;
    button.disabled = false;
  }
});
