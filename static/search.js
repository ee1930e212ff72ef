// A select becomes a text box that searches its options as a person types: the editable combobox
// of the ARIA authoring practices. The select stays in the form, hidden, and is what is sent; so
// every page works without this file.

let counted = 0;

const PAGE = 10; // choices that PageDown passes

function make(tag, attributes, parent) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent?.append(element);
  return element;
}

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").trim().toLowerCase();

class Search {
  constructor(select) {
    this.select = select;
    this.other = select.querySelector("[data-other]"); // a refused text, kept for its correction
    this.levels = [...select.options].filter((level) => level !== this.other);
    const listId = `found-${(counted += 1)}`;
    const wrapper = make("div", { class: "search" });
    select.before(wrapper);
    this.box = make("input", {
      class: "input", type: "text", id: select.id, role: "combobox", autocomplete: "off",
      spellcheck: "false", "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-controls": listId, placeholder: select.dataset.search,
    }, wrapper);
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (select.hasAttribute(name)) this.box.setAttribute(name, select.getAttribute(name));
    }
    const label = document.querySelector(`label[for="${select.id}"]`)?.textContent ?? "";
    this.list = make("ul", { class: "found", role: "listbox", id: listId, "aria-label": label }, wrapper);
    this.status = make("span", { class: "unseen", role: "status" }, wrapper);
    this.list.hidden = true;
    select.id += "-sent";
    select.hidden = true;
    this.box.value = select.value ? select.selectedOptions[0].text : "";
    this.unsettled = false; // whether something is typed that is not chosen yet
    this.listen();
  }

  tell(name) {
    this.unsettled = name === "unsettled";
    this.select.dispatchEvent(new Event(name, { bubbles: true }));
  }

  listen() {
    this.box.addEventListener("input", (event) => {
      event.stopPropagation(); // the select says when there is another value
      this.open(this.box.value);
      this.tell("unsettled");
    });
    this.box.addEventListener("change", (event) => event.stopPropagation());
    this.box.addEventListener("click", () => {
      if (!this.list.hidden) return;
      this.box.select(); // what is typed next takes its place
      this.open("");
    });
    this.box.addEventListener("keydown", (event) => this.press(event));
    this.box.addEventListener("blur", () => this.settle());
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the focus stays in the box
      const item = event.target.closest("li");
      if (item) this.choose(item);
    });
    this.box.form?.addEventListener("submit", () => this.settle());
  }

  open(text) {
    const wanted = plain(text);
    const found = this.levels.filter((level) => level.value === "" ? !wanted : plain(level.text).includes(wanted));
    this.list.replaceChildren();
    for (const [place, level] of found.entries()) {
      const item = make("li", { role: "option", id: `${this.list.id}-${place}`, "aria-selected": "false" }, this.list);
      item.textContent = level.text;
      item.dataset.value = level.value;
    }
    this.list.hidden = found.length === 0;
    this.box.setAttribute("aria-expanded", String(found.length > 0));
    this.box.removeAttribute("aria-activedescendant");
    const { one, many } = this.select.dataset;
    this.status.textContent = found.length === 1 ? one : many.replace("{count}", found.length);
  }

  close() {
    this.list.hidden = true;
    this.box.setAttribute("aria-expanded", "false");
    this.box.removeAttribute("aria-activedescendant");
    this.status.textContent = "";
  }

  get active() {
    return this.list.hidden ? null : this.list.querySelector('[aria-selected="true"]');
  }

  // Opened by a key, the list begins at what is chosen; another step than one stops at its ends.
  move(step) {
    const present = this.list.hidden && !this.unsettled ? this.box.value : "";
    if (this.list.hidden) this.open(this.unsettled ? this.box.value : "");
    const items = [...this.list.children];
    if (!items.length) return;
    const last = items.length - 1, from = items.indexOf(this.active);
    let to = Math.abs(step) > 1 ? Math.min(last, Math.max(0, from + step)) : (from + step + items.length) % items.length;
    if (from < 0) to = present ? items.findIndex((item) => item.textContent === present) : -1;
    if (to < 0) to = step > 0 ? 0 : last;
    items.forEach((item, place) => item.setAttribute("aria-selected", String(place === to)));
    items[to].scrollIntoView({ block: "nearest" });
    this.box.setAttribute("aria-activedescendant", items[to].id);
  }

  press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE }[event.key];
    if (event.altKey && Math.abs(step) === 1) {
      event.preventDefault(); // opens without choosing, and closes
      if (step > 0) this.open(this.unsettled ? this.box.value : "");
      else this.close();
    } else if (step) {
      event.preventDefault();
      this.move(step);
    } else if (event.key === "Enter" && this.active) {
      event.preventDefault(); // chooses, and sends nothing yet
      this.choose(this.active);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    }
  }

  choose(item) {
    this.box.value = item.dataset.value ? item.textContent : "";
    this.settle();
  }

  // What was typed becomes the choice. A text that is no choice is sent as it is, for the server
  // to refuse in its own words.
  settle() {
    this.close();
    const typed = plain(this.box.value);
    let level = this.levels.find((one) => [one.text, one.value].some((text) => plain(text) === typed));
    if (!typed) level = this.levels[0];
    if (!level) {
      this.other ??= make("option", {}, this.select);
      this.other.value = this.other.textContent = this.box.value.trim();
      level = this.other;
    }
    if (level.selected && !this.unsettled) return;
    level.selected = true;
    this.tell("input");
    this.tell("change");
  }
}

for (const select of document.querySelectorAll("select[data-search]")) new Search(select);
