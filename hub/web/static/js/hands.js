// Is a finger or the mouse at work? Then nothing on the page moves until it rests.

const REST_MS = 700;

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

export function atRest() {
  return !isDown && performance.now() - lastMove > REST_MS;
}

export function whenAtRest(act) {
  if (atRest() || document.hidden) {
    act();
  } else {
    setTimeout(() => whenAtRest(act), 200);
  }
}
