// Answers while the form is filled in. Without this file the button does it.

const form = document.querySelector("form.form");
const said = document.querySelector("[data-live-said]");

// One change may fire several events; between two keys a person pauses for longer than this. The
// rest of 100 ms is for the server and for drawing.
const PAUSE = 10;
// Who listens to the page hears where an answer has settled, and not each one on the way.
const SETTLED = 1000;

let waiting;
let telling;
let asking;

const keepOpen = (fresh) => {
  for (const shown of document.querySelectorAll("details[data-keep][open]")) {
    const same = fresh.querySelector(`[data-keep="${shown.dataset.keep}"]`);
    if (same) same.open = true;
  }
};

const tell = (words) => {
  clearTimeout(telling);
  telling = setTimeout(() => {
    said.textContent = words;
  }, SETTLED);
};

const show = (html) => {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const panel = fresh.querySelector(".panel");
  if (!panel) return;
  keepOpen(fresh);
  const old = document.querySelector(".panel");
  const scrolled = old.scrollTop;
  old.replaceWith(panel);
  panel.scrollTop = scrolled;
  document.querySelector("#beyond").replaceWith(fresh.querySelector("#beyond"));
  form.parentElement.classList.add("columns-answered");
  const name = panel.querySelector(".answer-name").textContent;
  tell(`${name}: ${panel.querySelector(".answer").textContent}`);
  document.dispatchEvent(new CustomEvent("answered"));
};

// In the place of a sentence that is there already, so that nothing moves.
const explain = (html) => {
  const problem = new DOMParser().parseFromString(html, "text/html").querySelector(".live-problem");
  const words = document.querySelector("[data-live-words]");
  if (!problem || !words) return;
  words.replaceWith(problem);
  problem.dataset.liveWords = "";
  document.querySelector(".panel").classList.add("panel-stale");
  tell(problem.textContent);
};

const ask = async () => {
  asking?.abort();
  const mine = (asking = new AbortController());
  try {
    const address = new URL(form.getAttribute("action"), location.href);
    address.hash = "";
    address.searchParams.set("part", "answer");
    const response = await fetch(address, {
      method: "POST",
      headers: { Accept: "text/html" },
      body: new URLSearchParams(new FormData(form)),
      signal: mine.signal,
    });
    const html = await response.text();
    if (mine.signal.aborted) return;
    if (response.ok) show(html);
    else if (response.status === 422) explain(html);
  } catch {
    // Given up for a newer question, or the server is out of reach: the button still says which.
  }
};

if (form && said) {
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  });
  if (document.querySelector(".panel-idle") && !document.querySelector(".summary")) ask();
}
