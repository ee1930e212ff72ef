// Answers while the form is filled in, and says so where it cannot. Without this file the button
// asks.

const form = document.querySelector("form.form");
const words = document.querySelector("[data-live-said]");
const main = document.querySelector("main");

// Milliseconds. One change may fire several events; between two keys a person pauses for longer
// than this. The rest of 100 is for the server and for drawing.
const PAUSE = 10;
// From here on a person wonders whether anything happens.
const SLOW = 300;
// Between two keys of a value; a half-typed one is not called wrong.
const TYPED = 600;
// Who listens to the page hears where an answer has settled, and not each one on the way.
const SETTLED = 1000;
// After so long somebody wanted to know this, and what came before was on the way to it.
const MEANT = 3000;
// A server that is silent for so long is gone.
const GONE = 10_000;
// Seconds between two attempts: twice as many each time, up to this.
const LONGEST = 30;

let begun = false; // whether a person has changed a value
let failures = 0;
let faults = []; // what is said beside the fields
let asking;
let pressed = false;
let asked; // the values of the last question
const finished = new Set(); // fields whose values a person has finished
const timers = {};

const after = (name, milliseconds, run) => {
  clearTimeout(timers[name]);
  timers[name] = setTimeout(run, milliseconds);
};

const stop = (...names) => names.forEach((name) => clearTimeout(timers[name]));

const tell = (text, milliseconds = SETTLED) => {
  after("tell", milliseconds, () => { words.textContent = text; });
};

// "" where the answer is that of the form's values; else why it is not yet.
const become = (wanted) => {
  const busy = wanted === "asking" || wanted === "waiting";
  const state = wanted === "asking" && main.dataset.state ? main.dataset.state : wanted;
  main.dataset.state = state;
  const panel = document.querySelector(".panel");
  const known = panel.dataset.title && (!state || state === "asking");
  if (begun) document.title = known ? panel.dataset.title : form.dataset.title;
  panel.setAttribute("aria-busy", String(busy));
  document.dispatchEvent(new CustomEvent("state"));
};

// In the place of a sentence that is there already, so that nothing moves.
const explain = (state, reason, milliseconds) => {
  const place = document.querySelector("[data-live-words]");
  const { old, none } = words.dataset;
  const first = document.createElement("strong");
  first.textContent = document.querySelector(".panel-idle") ? none : old;
  become(state);
  place.replaceChildren(first, ` ${reason}`);
  place.className = "live-problem";
  tell(place.textContent, milliseconds);
};

const keepOpen = (fresh) => {
  for (const shown of document.querySelectorAll("details[data-keep][open]")) {
    const same = fresh.querySelector(`[data-keep="${shown.dataset.keep}"]`);
    if (same) same.open = true;
  }
};

// What is being wished for below the answer, and where somebody is in it.
const keepWish = (fresh) => {
  for (const control of document.querySelectorAll(".wish :is(input, select)")) {
    const same = fresh.querySelector(`#${control.id}`);
    if (same) same.value = control.value;
  }
  const { id } = document.activeElement;
  return document.activeElement.closest("#beyond") && id ? id : "";
};

const show = (fresh) => {
  const panel = fresh.querySelector(".panel");
  keepOpen(fresh);
  if (!begun) panel.querySelector(".note")?.remove(); // nobody has given these values
  const old = document.querySelector(".panel");
  const scrolled = old.scrollTop;
  old.replaceWith(panel);
  panel.scrollTop = scrolled;
  const active = keepWish(fresh);
  document.querySelector("#beyond").replaceWith(fresh.querySelector("#beyond"));
  if (active) document.getElementById(active)?.focus();
  document.querySelector(".columns").classList.add("columns-answered");
  document.querySelector(".summary")?.remove();
  const name = panel.querySelector(".answer-name").textContent;
  tell(`${name}: ${panel.querySelector(".answer").textContent}`);
  become("");
  after("meant", MEANT, mean);
  document.dispatchEvent(new CustomEvent("answered"));
};

// The fields at fault

const described = (field, id) => field.querySelector("fieldset") ?? document.getElementById(id);

const unmark = (field) => {
  const error = field.querySelector(".wrong");
  if (!error) return;
  const control = described(field, field.dataset.field);
  const others = (control.getAttribute("aria-describedby") ?? "").split(" ");
  control.setAttribute("aria-describedby", others.filter((id) => id !== error.id).join(" "));
  for (const part of field.querySelectorAll("[aria-invalid]")) part.removeAttribute("aria-invalid");
  field.classList.remove("field-wrong");
  error.remove();
};

// Below the control, where it moves nothing that a person is typing in.
const mark = (field, error) => {
  const there = field.querySelector(".wrong");
  if (there) there.replaceWith(error);
  else field.append(error);
  const control = described(field, field.dataset.field);
  const ids = new Set((control.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
  control.setAttribute("aria-describedby", [...ids.add(error.id)].join(" "));
  for (const part of field.querySelectorAll("[aria-invalid]")) part.removeAttribute("aria-invalid");
  for (const id of error.dataset.invalid.split(" ").filter(Boolean)) {
    document.getElementById(id).setAttribute("aria-invalid", "true");
  }
  field.classList.add("field-wrong");
};

// Not while a button is pressed: what it is pressed on would move from under it.
const markAll = () => {
  if (pressed) return after("mark", 50, markAll);
  const wrong = new Map([...faults].map((error) => [error.dataset.field, error]));
  for (const field of form.querySelectorAll(".field")) {
    const error = wrong.get(field.dataset.field);
    if (!error) unmark(field);
    else if (finished.has(field) || field.matches(".field-wrong")) mark(field, error);
  }
};

const refuse = (fresh) => {
  stop("slow");
  faults = fresh.querySelectorAll(".wrong");
  const summary = document.querySelector(".summary-list");
  summary?.replaceWith(fresh.querySelector(".summary-list"));
  if (!begun && !summary) return become(""); // nobody has given these values
  explain("refused", fresh.querySelector(".live-problem").textContent);
  markAll();
};

// The question

const lost = (reason, retryAfter = 0) => {
  stop("slow");
  failures += 1;
  // A part of it by chance, so that not all pages come back at once.
  const seconds = Math.ceil(Math.max(retryAfter, Math.min(LONGEST, 2 ** failures * (0.5 + Math.random() / 2))));
  explain("lost", reason.replace("{seconds}", seconds), 0);
  after("again", seconds * 1000, () => (document.hidden ? null : ask()));
};

const take = (response, html) => {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const busy = [408, 429].includes(response.status) || response.status >= 500;
  if (busy) return lost(words.dataset.busy, Number(response.headers.get("Retry-After")) || 0);
  stop("slow");
  failures = 0;
  if (response.ok && fresh.querySelector(".panel .answer")) {
    faults = [];
    markAll();
    show(fresh);
  } else if (response.status === 422 && fresh.querySelector(".live-problem")) refuse(fresh);
  else explain("lost", words.dataset.refused, 0);
};

const values = () => {
  const held = new FormData(form);
  for (const control of document.querySelectorAll(".wish [name]")) held.delete(control.name);
  return String(new URLSearchParams(held));
};

const question = (body, parameters, more) => {
  const address = new URL(form.getAttribute("action"), location.href);
  address.hash = "";
  for (const name of parameters) address.searchParams.set(name, "answer");
  return fetch(address, {
    method: "POST",
    headers: { Accept: "text/html" },
    body: new URLSearchParams(body),
    ...more,
  });
};

// Where the server keeps a log: what it kept while somebody typed are previews. What stays on the
// page is asked for once more, so that it counts. Nothing on the page waits for that.
const mean = async () => {
  stop("meant");
  const link = document.querySelector("[data-outcome]");
  if (!begun || main.dataset.state || !link || link.dataset.meant) return;
  link.dataset.meant = "yes";
  try {
    const response = await question(asked, ["part", "meant"], { keepalive: true });
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    link.href = fresh.querySelector("[data-outcome]").href;
  } catch { /* The link leads to the preview, which will do. */ }
};

const ask = async () => {
  stop("again", "meant");
  asked = values();
  asking?.abort();
  const mine = (asking = new AbortController());
  after("gone", GONE, () => mine.abort());
  if (begun) after("slow", SLOW, () => explain("waiting", words.dataset.waiting, 0));
  try {
    const response = await question(asked, ["part"], { signal: mine.signal });
    const html = await response.text();
    if (mine === asking) take(response, html);
  } catch {
    // Given up for a newer question, or nobody is there.
    if (mine === asking) lost(navigator.onLine ? words.dataset.unreachable : words.dataset.offline);
  } finally {
    if (mine === asking) stop("gone");
  }
};

const changed = () => {
  begun = true;
  if (values() === asked && main.dataset.state !== "lost") return; // asked while it was typed
  become("asking");
  after("ask", PAUSE, ask);
};

const finish = (field) => {
  finished.add(field);
  markAll();
};

const askAgain = () => {
  if (main.dataset.state === "lost" && !document.hidden) ask();
};

if (form && words) {
  form.addEventListener("input", (event) => {
    const field = event.target.closest(".field");
    changed();
    // A list is open until it has changed; a text is typed until there is a pause.
    if (event.target.matches("select")) return;
    after("typed", TYPED, () => finish(field));
  });
  form.addEventListener("change", (event) => {
    finish(event.target.closest(".field"));
    changed();
  });
  form.addEventListener("unsettled", () => {
    begun = true;
    stop("ask", "again");
    asking?.abort();
    asking = asked = undefined;
    explain("refused", words.dataset.unsettled, SETTLED);
  });
  addEventListener("pointerdown", () => { pressed = true; });
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, () => setTimeout(() => { pressed = false; }));
  }
  form.addEventListener("submit", () => { // the button asks
    document.querySelector("[data-outcome]")?.setAttribute("data-meant", "meant");
  });
  addEventListener("pagehide", mean);
  addEventListener("online", askAgain);
  addEventListener("focus", askAgain);
  addEventListener("pageshow", (event) => event.persisted && main.dataset.state && ask());
  document.addEventListener("visibilitychange", askAgain);
  if (document.querySelector(".panel-idle") && !document.querySelector(".summary")) ask();
}
