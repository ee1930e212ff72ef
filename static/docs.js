// Sends the requests of the API page; without this file the page still says how to send them.

const answered = (words, response, began) => {
  const milliseconds = Math.max(1, Math.round(performance.now() - began));
  const status = `${response.status} ${response.statusText}`.trim();
  return words.replace("{status}", status).replace("{milliseconds}", milliseconds);
};

const indented = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

const send = async (form) => {
  const said = form.querySelector("[data-status]");
  const shown = form.querySelector("[data-answer]");
  const began = performance.now();
  said.textContent = said.dataset.sending;
  shown.hidden = true;
  try {
    const response = await fetch(form.dataset.path, {
      method: form.dataset.method,
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: form.elements.body.value,
    });
    shown.textContent = indented(await response.text());
    shown.hidden = false;
    said.textContent = answered(said.dataset.answered, response, began);
    said.classList.toggle("wrong", !response.ok);
  } catch {
    said.textContent = said.dataset.failed;
    said.classList.add("wrong");
  }
};

for (const form of document.querySelectorAll("[data-try]")) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    await send(form);
    button.disabled = false;
  });
  for (const fill of form.querySelectorAll("[data-fill]")) {
    fill.addEventListener("click", () => {
      form.elements.body.value = fill.dataset.fill;
    });
  }
}
