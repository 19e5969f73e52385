// The numbers beside the places: what waits, also on a page that stays open for hours.

const MORE = "/more";

// By the addresses of the places; at one that is not named nothing waits.
export function showWaiting(numbers) {
  const at = (link) => numbers[link.getAttribute("href")] ?? 0;
  let beyondBar = numbers[MORE] ?? 0;
  for (const link of document.querySelectorAll(".places .only-rail > a")) {
    beyondBar += at(link);
  }
  for (const link of document.querySelectorAll(".places a")) {
    link.querySelectorAll(".waiting").forEach((old) => old.remove());
    if (link.getAttribute("href") === MORE) {
      mark(link, at(link), "only-rail");
      mark(link, beyondBar, "only-phone");
    } else {
      mark(link, at(link));
    }
  }
}

function mark(link, number, ...where) {
  if (number > 0) {
    const shown = document.createElement("span");
    const heard = document.createElement("span");
    shown.classList.add("waiting", ...where);
    heard.className = "only-heard";
    heard.textContent = link.dataset.waiting;
    shown.append(number, " ", heard);
    link.append(shown);
  }
}
