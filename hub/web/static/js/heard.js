// What is said to a screen reader, and what is shown for a moment.

let hiding = 0;

export function hear(text) {
  const heard = document.getElementById("heard");
  if (heard) {
    heard.textContent = text;
  }
}

export function toast(text) {
  const element = document.getElementById("toast");
  if (!element) {
    return;
  }
  element.textContent = text;
  element.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { element.hidden = true; }, 4000);
}
