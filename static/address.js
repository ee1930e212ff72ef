// The address holds what the form holds, so that reloading, going back and a second tab keep it.
// Without this file it does so where the button was pressed.

const form = document.querySelector("form.form");

// Milliseconds; browsers refuse more than about a hundred changes of the address in half a minute.
const BETWEEN = 400;
// Bytes of an address that every server takes: gunicorn reads 4,094 with the method around it.
const MOST = 4000;

let waiting;
let last = -BETWEEN;

// What a person would rather have is asked below the answer, and belongs to the form.
const wishOf = () => {
  const controls = [...form.elements].filter((it) => it.closest(".wish") && it.type !== "submit");
  const isWished = document.querySelector("#wish")?.value.trim();
  return new Map(controls.map((it) => [it.name, isWished ? it.value : null]));
};

const withWish = (held) => {
  for (const [name, value] of wishOf()) {
    if (value === null) held.delete(name);
    else held.set(name, value);
  }
  return held;
};

const values = () => {
  const held = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (!held.has(name) && typeof value === "string") held.append(name, value);
  }
  return withWish(held);
};

// What is too long for a server stays behind the fragment's sign, which is never sent.
const addressOf = (held) => {
  const home = new URL(form.dataset.address, location.href);
  const address = new URL(home);
  for (const [name, value] of held) address.searchParams.set(name, value);
  if (address.pathname.length + address.search.length <= MOST) return address;
  home.hash = `?${held}`;
  return home;
};

const keepLanguages = (address) => {
  for (const other of document.querySelectorAll("[data-language]")) {
    const same = new URL(address);
    same.searchParams.set("lang", other.dataset.language);
    other.href = same;
  }
};

const hold = (address = addressOf(values())) => {
  clearTimeout(waiting);
  waiting = undefined;
  last = performance.now();
  try {
    history.replaceState(history.state, "", address);
  } catch {
    // Too often, or not allowed here: the form still holds its values.
  }
};

const holdSoon = () => {
  keepLanguages(addressOf(values()));
  waiting ??= setTimeout(hold, Math.max(0, last + BETWEEN - performance.now()));
};

const holdNow = () => waiting && hold();

// Back from behind the fragment's sign.
const fill = (held) => {
  for (const control of form.elements) {
    if (!held.has(control.name)) continue;
    if (control.type === "radio") control.checked = control.value === held.get(control.name);
    else control.value = held.get(control.name);
  }
  form.querySelector("[name]").dispatchEvent(new Event("change", { bubbles: true }));
};

// To an address that it has already a browser only scrolls: enough where the answer is there.
const send = (event) => {
  const address = addressOf(values());
  const here = new URL(location.href);
  here.hash = "";
  const isAnswered = document.querySelector(".panel .answer") && !document.querySelector("main").dataset.state;
  const isWished = document.querySelector("#wish")?.value.trim(); // only the server searches
  if (address.hash) event.submitter?.removeAttribute("formmethod");
  else if (address.href === here.href && (isWished || !isAnswered)) hold(`${address}&`); // the same, and another
};

if (form) {
  if (location.hash.startsWith("#?")) fill(new URLSearchParams(location.hash.slice(2)));
  const link = document.querySelector("[data-link]");
  if (link) { // a reload then asks again, and sends nothing twice
    const address = addressOf(withWish(new URL(link.href).searchParams));
    address.hash ||= location.hash;
    hold(address);
  } else if (location.pathname !== new URL(form.dataset.address, location.href).pathname) hold();
  form.addEventListener("input", holdSoon);
  form.addEventListener("change", holdSoon);
  form.addEventListener("submit", send);
  addEventListener("pagehide", holdNow);
  document.addEventListener("visibilitychange", holdNow);
}
