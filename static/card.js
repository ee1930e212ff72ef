// On a narrow screen the later parts of the card are folded, so that all of it is a few screens.
// Without this file they stand open.

{
  // Summary, intended use and performance: what nobody should miss.
  const ALWAYS_OPEN = 3;

  const fold = (part) => {
    const folded = document.createElement("details");
    const summary = document.createElement("summary");
    summary.append(part.querySelector("h2"));
    folded.className = "part-fold";
    folded.append(summary, ...part.childNodes);
    part.append(folded);
  };

  const show = () => {
    const part = document.getElementById(location.hash.slice(1));
    const folded = part?.querySelector(".part-fold");
    if (!folded) return;
    folded.open = true;
    part.scrollIntoView();
  };

  if (matchMedia("(max-width: 48rem)").matches) {
    for (const part of [...document.querySelectorAll(".card-part")].slice(ALWAYS_OPEN)) fold(part);
    addEventListener("hashchange", show);
    show();
  }
}
