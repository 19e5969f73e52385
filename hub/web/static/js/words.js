// The words of this page's language, as the server put them into the page.

const element = document.getElementById("words");
const catalog = element ? JSON.parse(element.textContent) : {};

export function _(message, values = {}) {
  const text = catalog[message] ?? message;
  return text.replace(/%\((\w+)\)[sd]/g, (whole, name) => values[name] ?? whole);
}

export const language = document.documentElement.lang;
export const csrf = document.documentElement.dataset.csrf;
export const whose = document.documentElement.dataset.whose;
