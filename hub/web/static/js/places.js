// The numbers beside the places: what waits, also on a page that stays open for hours.

const PAUSE_MS = 2000; // many changes at once ask once

let pausing = 0;

export function refreshPlaces() {
  pausing ||= setTimeout(() => {
    pausing = 0;
    refresh().catch(() => {}); // no line: the next change asks again
  }, PAUSE_MS);
}

async function refresh() {
  const answer = await fetch("/more", { headers: { Accept: "text/html" } });
  if (!answer.ok) {
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const link of document.querySelectorAll(".places a")) {
    const fresh = page.querySelector(`.places a[href="${link.getAttribute("href")}"] .waiting`);
    link.querySelector(".waiting")?.remove();
    if (fresh) {
      link.append(document.adoptNode(fresh));
    }
  }
}
