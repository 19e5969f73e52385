// Is a finger or the mouse at work? Then nothing on the page moves until it rests.

const REST_MS = 700;
const LONGEST_MS = 2500; // a mouse that never rests must not keep an alert from its desk

let isDown = false;
let lastMove = 0;

function moved() {
  lastMove = performance.now();
}

addEventListener("pointerdown", () => { isDown = true; moved(); }, { capture: true, passive: true });
for (const name of ["pointerup", "pointercancel"]) {
  addEventListener(name, () => { isDown = false; moved(); }, { capture: true, passive: true });
}
addEventListener("pointermove", moved, { capture: true, passive: true });

function mayMove(waitedMs) {
  const isStill = performance.now() - lastMove > REST_MS || waitedMs > LONGEST_MS;
  return document.hidden || (!isDown && isStill);
}

export function whenAtRest(act, since = performance.now()) {
  if (mayMove(performance.now() - since)) {
    act();
  } else {
    setTimeout(() => whenAtRest(act, since), 200);
  }
}
