// The page: its form is read, checked and answered here, and nothing is sent.
import {answerPanel, element, wordsOf} from "./answer_panel.js";
import {N_, openLanguage} from "./formats.js";
import {compareCases, MOST_CASES} from "./compare_panel.js";
import {dateFault, fill, givenIn} from "./given.js";
import {whatIfPanel} from "./whatif_panel.js";
import {offerRows} from "./rows_panel.js";

// Milliseconds. Where an answer takes longer than a person notices, it waits for a pause between keys.
const SLOW = 150, PAUSE = 150;

const NO_ROW = N_("Send one JSON object of fields and values, or a list of such objects.");

// Languages are asked for by the first part of their tag: zh for zh-Hans.
const primary = (tag) => tag.split("-")[0];

export function startPage({contents, shells}, openPredictor, openRules, say) {
  const rules = openRules(contents.rules), predictor = openPredictor(contents.predictor);
  const byName = new Map(rules.fields.map((field) => [field.name, field]));
  const languages = new Map(contents.languages.map((one) => [one.tag, openLanguage(one, contents.facts.rows)]));
  let language = languages.get(document.documentElement.lang);
  const english = languages.get("en").words;
  let asked = false, slow = false, waiting, isOpened = false, finish = null;

  // One entry of /api/v1/predict's predictions, or the errors as its problem has them.
  function predict(row, options = {}) {
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      return {errors: [{row: null, field: null, message: english[NO_ROW]}]};
    }
    const read = rules.read(row);
    if (read.errors.length) {
      return {errors: read.errors.map((error) => ({row: null, field: error.field, message: say(error, english)}))};
    }
    return predictor.predict(read.row, {...options, warnings: read.warnings.map((warning) => say(warning, english))});
  }

  const form = () => document.querySelector("form.form");

  function sentence(remark) {
    const field = byName.get(remark.field);
    if (!field) return say(remark, language.words);
    const values = {...remark.values};
    if (values.levels !== undefined) values.levels = language.choices[field.name].map(([, label]) => label).join(language.forms.comma);
    return say({...remark, values}, language.words, language.labels[field.name]);
  }

  // A warning: its numbers as people write them.
  function warningOf(remark) {
    const field = byName.get(remark.field);
    const plain = field.text || !language.units[field.name].name;
    const values = Object.entries(remark.values).map(([name, text]) => [name, plain ? text : language.grouped(text)]);
    return sentence({...remark, values: Object.fromEntries(values)});
  }

  function faultOf(error, given) {
    const control = language.controls.find(({name}) => name === error.field);
    const fault = control?.parts ? dateFault(given[error.field]) : "";
    return fault ? language.say(fault, {field: language.labels[error.field]}) : sentence(error);
  }

  function shownOf(name, given) {
    const value = given.trim();
    if (!value) return language.say(N_("not given"));
    const choice = (language.choices[name] ?? []).find(([own]) => own === value);
    if (choice) return choice[1];
    const {parts} = language.controls.find((control) => control.name === name);
    const [year, month, day] = value.split("-").map(Number);
    if (parts) {
      const {date, months} = language.forms;
      return date.replace(/\{(\w+)\}/g, (_all, part) => ({d: day, M: month, MMMM: months[month - 1], y: year})[part]);
    }
    const unit = language.units[name];
    return language.withUnit(unit.name && !byName.get(name).text ? language.grouped(value) : value, unit);
  }

  function linkOf(given) {
    return `#${new URLSearchParams({...given, lang: primary(language.tag)})}`;
  }

  // Cases in one link, as the server's: 1.age=19&1.bmi=27.9&2.age=45. The others have what differs.
  function linkOfAll([first, ...others]) {
    const named = (given, i, names) => names.map((name) => [`${i + 1}.${name}`, given[name]]);
    const names = Object.keys(first);
    const differing = others.map((given) => names.filter((name) => given[name] !== first[name]));
    return linkOf(Object.fromEntries([...named(first, 0, names),
      ...others.flatMap((given, i) => named(given, i + 1, differing[i].length ? differing[i] : names.slice(0, 1)))]));
  }

  function casesIn(link) {
    const named = Array.from({length: MOST_CASES}, (_, i) => Object.fromEntries(
      Array.from(byName.keys()).filter((name) => link.has(`${i + 1}.${name}`)).map((name) => [name, link.get(`${i + 1}.${name}`)])));
    const [one, ...rest] = named, first = {...contents.defaults, ...one};
    return [first, ...rest.filter((each) => Object.keys(each).length).map((each) => ({...first, ...each}))];
  }

  let compared = null;
  function compare(cases) {
    compared = cases;
    const page = {language, rules, predictor, faultOf, warningOf, shownOf, linkOf: linkOfAll, tell};
    return compareCases(page, document.querySelector("[data-cases]"), cases);
  }

  function ask(isSubmitted) {
    clearTimeout(waiting);
    finish = null;
    asked ||= isSubmitted;
    const given = givenIn(form(), language.controls), read = rules.read(given);
    clearErrors();
    if (read.errors.length) return refuse(read.errors.map((error) => [error.field, faultOf(error, given)]), isSubmitted);
    if (isOpened) return show(read, given, isSubmitted);
    // The first answer is there at once, and drawn before the rest is computed: a browser is slow with
    // what it has never computed before. It never draws a page that is hidden.
    show(read, given, false, {});
    isOpened = true;
    const rest = () => {
      if (finish !== rest) return;
      finish = null;
      show(read, given, isSubmitted);
    };
    finish = rest;
    if (document.hidden) setTimeout(rest);
    else requestAnimationFrame(() => setTimeout(rest));
    return undefined;
  }

  function show(read, given, isSubmitted, options = {explain: true, whatif: true}) {
    const began = performance.now();
    const answer = predictor.predict(read.row, options);
    slow = isOpened && performance.now() - began > SLOW;
    answer.beyond = rules.fields.some(({name, minimum, maximum, text}) =>
      !text && minimum !== null && maximum !== null && (read.row[name] < minimum || read.row[name] > maximum));
    const shown = Object.fromEntries(rules.fields.map(({name}) => [name, shownOf(name, given[name])]));
    const warnings = read.warnings.map(warningOf), link = linkOf(given);
    const panel = answerPanel(language, contents.facts, answer, shown, warnings, link);
    document.querySelector(".panel").replaceWith(panel);
    panel.querySelector("[data-compare]").addEventListener("click", (event) => {
      event.preventDefault();
      const heading = compare([{...given}, {...given}]);
      heading.scrollIntoView();
      heading.focus();
    });
    document.querySelector(".columns").classList.add("columns-answered");
    const {text, short, wording} = wordsOf(language, answer);
    if (answer.whatif) {
      const percent = answer.beyond || contents.facts.level === null ? "" : language.percent(contents.facts.level, 1);
      const beyond = document.querySelector("[data-beyond]"), areOpen = beyond.querySelector("details.tables[open]");
      beyond.replaceChildren(whatIfPanel(language, contents.facts, answer, wording, shown, percent));
      if (areOpen) beyond.querySelector("details.tables").open = true;
      document.dispatchEvent(new Event("answered"));
    }
    document.title = `${short} – ${language.title}`;
    tell(`${language.target}: ${text}`);
    if (isSubmitted) {
      history.replaceState(null, "", link);
      panel.focus();
    }
  }

  let telling;
  function tell(text) {
    clearTimeout(telling);
    telling = setTimeout(() => { document.querySelector("[data-live-said]").textContent = text; }, 1000);
  }

  function clearErrors() {
    document.querySelectorAll(".summary, .field-wrong .wrong").forEach((old) => old.remove());
    document.querySelectorAll(".field-wrong").forEach((field) => field.classList.remove("field-wrong"));
    document.querySelectorAll("[aria-invalid]").forEach((input) => input.removeAttribute("aria-invalid"));
    document.title = language.title;
  }

  function refuse(faults, isSubmitted) {
    const panel = document.querySelector(".panel");
    if (!asked) {
      const words = panel.querySelector("[data-live-words]");
      if (words) words.textContent = language.sentences([language.say(N_("This prediction is for earlier values.")), ...faults.map(([, text]) => text)]);
      panel.classList.add("panel-stale");
      return;
    }
    panel.classList.add("panel-stale");
    faults.forEach(([name, text]) => beside(name, text));
    const list = faults.map(([name, text]) => element("li", {},
      element("a", {href: `#${idOf(name)}`}, text)));
    const summary = element("div", {class: "summary", tabindex: "-1"}, element("div", {role: "alert"},
      element("h2", {class: "summary-title"}, language.say(N_("There is a problem"))),
      element("ul", {class: "summary-list"}, list)));
    document.querySelector("#main").prepend(summary);
    document.title = `${language.say(N_("Error:"))} ${language.title}`;
    if (isSubmitted) summary.focus();
  }

  const idOf = (name) => language.controls.find((control) => control.name === name).id;

  function beside(name, text) {
    const input = document.getElementById(idOf(name)), field = input.closest(".field");
    const id = `${idOf(name)}-error`;
    const note = element("p", {class: "wrong", id},
      element("span", {class: "unseen"}, language.say(N_("Error:"))), ` ${text}`);
    const after = field.querySelector(".hint") ?? field.querySelector(".label");
    after.after(note);
    field.classList.add("field-wrong");
    field.querySelectorAll("input, select").forEach((each) => each.setAttribute("aria-invalid", "true"));
    const described = input.closest("fieldset") ?? input;
    const ids = (described.getAttribute("aria-describedby") ?? "").split(" ").filter((other) => other && other !== id);
    described.setAttribute("aria-describedby", [...ids, id].join(" "));
    field.closest("details")?.setAttribute("open", "");
  }

  function listen() {
    const {classes, interval, graph} = contents.predictor;
    offerRows({language, rules, predictor, say, classes, hasRange: interval !== null, hasScores: "probabilities" in graph.outputs});
    form().addEventListener("submit", (event) => {
      event.preventDefault();
      ask(true);
    });
    form().addEventListener("input", () => {
      clearTimeout(waiting);
      if (slow) waiting = setTimeout(ask, PAUSE, false);
      else ask(false);
    });
    document.querySelectorAll("[data-language]").forEach((link) => link.addEventListener("click", (event) => {
      event.preventDefault();
      speak(link.getAttribute("lang"), givenIn(form(), language.controls));
      ask(false);
      if (compared) compare(compared);
    }));
    document.querySelector("[data-again]").addEventListener("click", (event) => {
      event.preventDefault();
      asked = false;
      fill(form(), language.controls, contents.defaults);
      ask(false);
    });
  }

  function speak(tag, given) {
    language = languages.get(tag);
    document.documentElement.lang = tag;
    document.querySelector("#shell").innerHTML = shells[tag]; // as the file has it, escaped by its template
    fill(form(), language.controls, given);
    listen();
  }

  function open() {
    const link = new URLSearchParams(location.hash.slice(1));
    const given = {...contents.defaults}, cases = casesIn(link);
    for (const name of byName.keys()) if (link.has(name)) given[name] = link.get(name);
    compared = cases.length > 1 ? cases : null;
    if (compared) Object.assign(given, cases[0]);
    const wanted = byName.has("lang") ? null : link.get("lang");
    const tag = Array.from(languages.keys()).find((one) => wanted && primary(one) === primary(wanted)) ?? language.tag;
    if (!form() || tag !== language.tag) speak(tag, given);
    else fill(form(), language.controls, given);
    ask(false);
    if (compared) compare(compared).scrollIntoView();
    else document.querySelector("[data-cases]").hidden = true;
  }

  globalThis.tablecast = Object.freeze({predict});
  open();
  globalThis.addEventListener("beforeprint", () => finish?.());
  globalThis.addEventListener("hashchange", () => { if (location.hash.includes("=")) open(); });
}
