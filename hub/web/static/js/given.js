// Sends a household's film in pieces (tus 1.0.0), and goes on where it broke off: after a lost line by
// itself, after closing the page when the same file is chosen again. Without this the form itself does.

const form = document.getElementById("give");
const field = form.elements.film;
const state = document.getElementById("give-state");
const bar = document.getElementById("give-progress");
const LONGEST_WAIT_MS = 30000;
const TUS = { "Tus-Resumable": "1.0.0" };

const said = form.dataset;
let isSending = false;

document.getElementById("give-small").hidden = true;
document.getElementById("give-large").hidden = false;

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
  throw new Error(told.reason || String(answer.status));
};

const begin = async (file) => {
  const mark = `${file.name}|${file.size}|${file.lastModified}`;
  const metadata = `name ${base64(file.name)},mark ${base64(mark)}`;
  const answer = await check(
    await fetch(`/give/${said.token}/upload`, {
      method: "POST",
      headers: { ...TUS, "Upload-Length": String(file.size), "Upload-Metadata": metadata },
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
        ...TUS,
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
      return;
    } catch (error) {
      if (error instanceof Refused) throw error;
      state.textContent = said.waiting;
      await pause(waitMs);
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    }
  }
};

const handOver = () => {
  field.disabled = true; // its bytes are there already
  form.enctype = "application/x-www-form-urlencoded";
  form.action = `/give/${said.token}/send`;
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
    await send(file);
    state.textContent = said.sent;
    handOver();
  } catch (error) {
    state.textContent = error.message;
    isSending = false;
    button.disabled = false;
  }
});
