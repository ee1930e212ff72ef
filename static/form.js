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

// The same page in another language is that of the answer which is shown now.
const keepLanguages = () => {
  const link = document.querySelector("[data-link]");
  for (const other of link ? document.querySelectorAll("[data-language]") : []) {
    const address = new URL(link.href);
    address.searchParams.set("lang", other.dataset.language);
    other.href = address;
  }
};

offerCopy();
document.addEventListener("answered", keepLanguages);
document.addEventListener("answered", offerCopy); // live.js has put another answer in its place
