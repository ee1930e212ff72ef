// On a narrow page the answer in one line that stays in sight, and opens the whole of it.

const line = document.querySelector("[data-glance]");
const narrow = matchMedia("(max-width: 59.99rem)");

const setUp = () => {
  const button = line.querySelector("button");
  const sheet = line.querySelector("[data-sheet]");
  const beside = document.querySelector(".beside");
  const columns = document.querySelector(".columns");
  const main = document.querySelector("main");

  const isOpen = () => button.getAttribute("aria-expanded") === "true";

  // The panel itself is moved, so that what is read and where Tab leads have one order.
  const open = (wanted) => {
    if (wanted === isOpen()) return;
    button.setAttribute("aria-expanded", String(wanted));
    sheet.hidden = !wanted;
    columns.inert = wanted; // it lies under the sheet
    (wanted ? sheet : columns).append(beside);
    sheet.scrollTop = 0;
  };

  const renew = () => {
    const answer = document.querySelector(".panel .answer");
    line.hidden = !answer;
    if (!answer) return;
    const { state } = main.dataset;
    line.querySelector("[data-glance-answer]").textContent = answer.textContent;
    line.querySelector("[data-glance-state]").textContent =
      state && state !== "asking" ? line.dataset[state] : "";
  };

  line.querySelector(".glance-line").addEventListener("click", () => open(!isOpen()));
  document.addEventListener("click", (event) => line.contains(event.target) || open(false));
  line.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOpen()) return;
    open(false);
    button.focus();
  });
  narrow.addEventListener("change", () => open(false));
  addEventListener("beforeprint", () => open(false));
  document.addEventListener("answered", renew);
  document.addEventListener("state", renew);
  renew();
};

if (line) setUp();
