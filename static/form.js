// Only comforts: every page works without this file.

// Browsers move the focus to the address's fragment; this serves a page opened without one.
if (!location.hash) {
  document.querySelector("#result.summary")?.focus();
}

const offerCopy = () => {
  const link = document.querySelector("[data-link]");
  const copy = document.querySelector("[data-copy]");
  if (!link || !copy || !navigator.clipboard) return;
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(link.href);
    const said = document.querySelector("[data-copied]");
    said.textContent = said.dataset.words;
  });
};

offerCopy();
document.addEventListener("answered", offerCopy); // live.js has put another answer in its place
