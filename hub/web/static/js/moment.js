// Several films of one instant run as one: each stands where the common clock is, in its own time.
// Without script each plays by itself, from the instant on.

const TICK_MS = 500;
const APART_S = 0.15; // films that far apart are brought together

const films = () => [...document.querySelectorAll("[data-camera] video")];

let began = null; // performance.now() at which the common clock stood at `from`
let from = 0; // seconds after the instant

function now() {
  return began === null ? from : from + (performance.now() - began) / 1000;
}

// A film that begins only after the instant waits for its turn; one that ended before it stands.
function target(film) {
  const beside = Number(film.dataset.beside);
  return Number(film.dataset.start) + now() + Math.min(0, beside);
}

function place(film) {
  const wanted = target(film);
  const isDue = wanted >= 0 && wanted < film.duration && Number(film.dataset.beside) <= 0;
  if (isDue && Math.abs(film.currentTime - wanted) > APART_S) {
    film.currentTime = wanted;
  }
  if (isDue && began !== null) {
    film.play().catch(() => {});
  } else {
    film.pause();
  }
}

function tick() {
  films().forEach(place);
  document.getElementById("moment").dataset.apart = String(apart());
}

// Seconds between the films that are furthest apart: what one may trust the picture to.
function apart() {
  const off = films().filter((film) => !film.paused).map((film) => film.currentTime - target(film));
  return off.length > 1 ? Math.max(...off) - Math.min(...off) : 0;
}

const ACTS = {
  play: () => { began ??= performance.now(); },
  pause: () => { from = now(); began = null; },
  again: () => {
    from = 0;
    began = null;
    films().forEach((film) => { film.currentTime = Number(film.dataset.start); });
  },
};

export function startMoment() {
  let timer = null;
  document.getElementById("moment").addEventListener("click", (event) => {
    const act = ACTS[event.target.closest("[data-all]")?.dataset.all];
    if (act) {
      act();
      clearInterval(timer);
      timer = began === null ? null : setInterval(tick, TICK_MS);
      films().forEach(place);
    }
  });
}
