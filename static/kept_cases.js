// Cases that a person keeps, in this browser alone. Without this file the page does not offer it.

const place = document.querySelector("[data-cases]");

// Signs of a name; a longer one would hide the others.
const LONGEST = 80;

// How a text begins that a spreadsheet may take for a formula (OWASP, "CSV injection"), and numbers,
// which stay; as tablecast/batch/formula_guard.py has it.
const RISKY = /^[=+\-@\t\r]/;
const QUOTE = "\x22";
const NUMBER = /^[+-][.,]*[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?%?$/;

const cell = (text) => {
  const safe = (RISKY.test(text) && !NUMBER.test(text) ? "'" : "") + text;
  return /[\x22,\r\n]/.test(safe) ? QUOTE + safe.replaceAll(QUOTE, QUOTE + QUOTE) + QUOTE : safe;
};

// With the mark by which a spreadsheet knows UTF-8.
const csv = (rows) => `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;

class Kept {
  constructor(key) {
    this.key = key;
  }

  // Throws where the browser forbids it.
  read() {
    const text = localStorage.getItem(this.key) ?? "[]";
    try {
      const cases = JSON.parse(text);
      return Array.isArray(cases) ? cases.filter((one) => one?.name && one.query) : [];
    } catch {
      return []; // somebody else's
    }
  }

  // Throws where there is no room.
  write(cases) {
    localStorage.setItem(this.key, JSON.stringify(cases));
  }
}

const setUp = () => {
  const say = place.dataset;
  const fields = JSON.parse(say.fields);
  const kept = new Kept(`tablecast.cases ${say.deployment}`);
  const box = place.querySelector("input");
  const list = place.querySelector("ul");
  const said = place.querySelector("[role=status]");
  const download = place.querySelector("[data-download]");

  const tell = (sentence, values = {}) => {
    said.textContent = sentence.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  };

  const attempt = (run) => {
    try {
      run();
    } catch (error) {
      tell(error.name === "QuotaExceededError" ? say.full : say.forbidden);
    }
  };

  const addressOf = (one) => {
    const address = new URL(document.querySelector("form.form").dataset.address, location.href);
    for (const [name, value] of new URLSearchParams(one.query)) {
      if (fields.includes(name)) address.searchParams.append(name, value);
    }
    address.hash = "result";
    return address;
  };

  const remove = (one) => attempt(() => {
    kept.write(kept.read().filter((other) => other.name !== one.name));
    draw();
    box.focus();
    tell(say.deleted, one);
  });

  const rowOf = (one) => {
    const row = document.querySelector("[data-case-row]").content.cloneNode(true);
    const link = row.querySelector("a");
    link.textContent = one.name;
    link.href = addressOf(one);
    const earlier = one.version === say.version ? "" : ` ${say.earlier}`;
    row.querySelector("[data-case-answer]").textContent = `${one.answer}${earlier}`;
    row.querySelector("[data-case-name]").textContent = one.name;
    row.querySelector("button").addEventListener("click", () => remove(one));
    return row;
  };

  const draw = () => {
    const cases = kept.read();
    list.replaceChildren(...cases.map(rowOf));
    download.hidden = list.hidden = cases.length === 0;
  };

  const freeName = (wanted, cases) => {
    const taken = new Set(cases.map((one) => one.name));
    const base = wanted || say.unnamed.replace("{number}", cases.length + 1);
    let name = base;
    for (let number = 2; taken.has(name); number += 1) name = `${base} (${number})`;
    return name;
  };

  const keep = () => attempt(() => {
    const link = document.querySelector("[data-link]");
    const answer = document.querySelector(".panel .answer");
    // An answer of other values than the form's is none of this case.
    if (!link || !answer || document.querySelector("main").dataset.state) return tell(say.none);
    const cases = kept.read();
    const one = {
      name: freeName(box.value.trim().slice(0, LONGEST), cases),
      query: new URL(link.href).search,
      answer: answer.textContent,
      ...answer.dataset, // prediction, low and high, as numbers
      version: say.version,
    };
    kept.write([...cases, one]);
    box.value = "";
    draw();
    tell(say.kept, one);
  });

  const save = () => attempt(() => {
    const answers = ["prediction_label", "prediction_low", "prediction_high"]; // as in a batch
    const head = [say.column, ...fields, ...answers, say.versionColumn];
    const rows = kept.read().map((one) => {
      const given = new URLSearchParams(one.query);
      return [
        one.name, ...fields.map((name) => given.get(name) ?? ""),
        one.prediction ?? one.answer, one.low ?? "", one.high ?? "", one.version ?? "",
      ];
    });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv([head, ...rows])], { type: "text/csv" }));
    link.download = say.file;
    link.click();
    URL.revokeObjectURL(link.href);
  });

  place.hidden = false;
  place.querySelector("[data-keep-case]").addEventListener("click", keep);
  download.addEventListener("click", save);
  box.addEventListener("keydown", (event) => event.key === "Enter" && keep());
  addEventListener("storage", (event) => event.key === kept.key && draw());
  attempt(draw);
};

if (place) setUp();
