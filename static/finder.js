// Finds a field of a long form by its name; without this file the form shows all of them.

const finder = document.querySelector("[data-finder]");

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").trim().toLowerCase();

const setUp = () => {
  const box = finder.querySelector("input");
  const said = finder.querySelector("[role=status]");
  const form = document.querySelector("form.form");
  const fields = [...form.querySelectorAll(".field")];
  const groups = [...form.querySelectorAll("details")];
  const wereOpen = new Map();

  const nameOf = (field) => {
    const group = field.closest("details")?.querySelector("summary").textContent ?? "";
    return plain(`${field.querySelector(".label").textContent} ${group}`);
  };

  const openGroups = (searching) => {
    for (const group of groups) {
      if (!wereOpen.has(group)) wereOpen.set(group, group.open);
      const found = [...group.querySelectorAll(".field")].some((field) => !field.hidden);
      group.hidden = searching && !found;
      group.open = searching ? found : wereOpen.get(group);
    }
    if (!searching) wereOpen.clear();
  };

  const find = () => {
    const wanted = plain(box.value).split(/\s+/).filter(Boolean);
    const found = fields.filter((field) => wanted.every((word) => nameOf(field).includes(word)));
    for (const field of fields) field.hidden = !found.includes(field);
    openGroups(wanted.length > 0);
    const { none, one, many } = finder.dataset;
    const counted = [none, one][found.length] ?? many.replace("{count}", found.length);
    said.textContent = wanted.length ? counted : "";
    return found;
  };

  const clear = () => {
    box.value = "";
    find();
  };

  box.addEventListener("input", find);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
    if (event.key !== "Enter") return;
    event.preventDefault(); // else the form that the field stands in is sent
    const controls = "input:not([hidden]), select:not([hidden])";
    find()[0]?.querySelector(controls)?.focus();
  });
  addEventListener("hashchange", clear); // a link to a field that is not found
  finder.hidden = false;
};

if (finder) setUp();
