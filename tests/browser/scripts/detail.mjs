// An open alert when news come: what is replaced, and what stays open.

import assert from "node:assert";

globalThis.document = { documentElement: { dataset: {} }, getElementById: () => null };
globalThis.addEventListener = () => {};
const { isBusy, keepPlaces } = await import(`${process.argv[2]}/js/detail.js`);

const things = (...all) => ({
  hasAttribute: () => false,
  querySelectorAll: (asked) => all.filter((one) => (
    asked.split(",").some((each) => each.trim().split("[")[0] === one.tag)
    && (one.open || !asked.includes("[open]"))
  )),
});

const text = (tag, value, defaultValue = "") => ({ tag, value, defaultValue });
const list = (selectedIndex, ...given) => ({
  tag: "select", selectedIndex, options: given.map((defaultSelected) => ({ defaultSelected })),
});

for (const idle of [text("input", ""), text("input", "their words", "their words"),
  text("textarea", ""), list(0, false, false), list(1, false, true)]) {
  assert(!isBusy(things(idle)), JSON.stringify(idle));
}
for (const busy of [text("input", "a"), text("input", "", "their words"), text("textarea", "a"),
  list(1, false, false), list(0, false, true)]) {
  assert(isBusy(things(busy)), JSON.stringify(busy));
}
const touched = text("textarea", "");
document.activeElement = touched;
assert(isBusy(things(touched)), "the first letter is about to be typed");

const fold = (id, words, open = false) => ({
  tag: "details", id, open, querySelector: () => ({ textContent: words }),
  setAttribute(name) { this[name] = true; },
});
const before = [fold("", "Add a note"), fold("sound-1", "Ask"), fold("sound-2", "Ask", true),
  fold("", "Hand over", true)];
const after = before.map((one) => fold(one.id, one.querySelector().textContent));
keepPlaces(things(...before), things(...after));
assert.deepEqual(after.map((one) => one.open), [false, false, true, true]);
