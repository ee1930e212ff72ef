// Two to four cases side by side: their predictions, what differs, and why (templates/compare.html).
import {element, steps, track} from "./answer_panel.js";
import {N_, wordingOfAll} from "./formats.js";

export const MOST_CASES = 4;

// Puts cases, each field name -> text, into the page.
//
// page: {language, rules, predictor, faultOf(error, given), warningOf(remark), shownOf(name, text),
// linkOf(cases), tell(text)}
export function compareCases(page, place, cases) {
  const {language, rules, predictor} = page, {say} = language;
  const answers = element("tbody"), reasons = element("div"), summary = element("div");
  const link = element("a", {"data-link": ""}, say(N_("Link to this comparison")));
  const button = (words, press, style = "quiet") => {
    const made = element("button", {class: style, type: "button"}, words);
    made.addEventListener("click", press);
    return made;
  };
  const again = (changed) => compareCases(page, place, changed);
  const title = (i) => say(N_("Case {number}"), {number: i + 1});
  const cells = rules.fields.map((field, row) => cases.map((given, i) => cell(field, row, given, i)));

  function cell(field, row, given, i) {
    const id = `case-${i + 1}-${row}`, named = `row-${row} case-${i + 1}`;
    const control = language.controls.find(({name}) => name === field.name);
    const input = control.offers
      ? element("select", {class: "input", id, "aria-labelledby": named}, options(field, given[field.name]))
      : element("input", {class: "input", id, type: "text", autocomplete: "off", spellcheck: "false", "aria-labelledby": named});
    input.value = given[field.name];
    input.addEventListener("input", () => {
      given[field.name] = input.value;
      show();
    });
    return {input, td: element("td", {}, input)};
  }

  function options(field, given) {
    const known = language.choices[field.name], own = given.trim();
    const none = ["", say(field.required ? N_("Choose one") : N_("Not known"))];
    const odd = own && !known.some(([value]) => value === given) ? [[given, given]] : [];
    return [none, ...known, ...odd].map(([value, label]) => element("option", {value}, label));
  }

  function show() {
    const read = cases.map((given) => rules.read(given));
    const found = read.map(({row}) => row && predictor.predict(row));
    const differences = read.map(({row}, i) => (i && row && read[0].row ? predictor.difference(read[0].row, row) : null));
    const wording = wordingOfAll(language, found.filter(Boolean));
    const label = language.classes && found[0] ? language.classes[found[0].prediction][1] : "";
    answers.replaceChildren(...answerRows(read, found, differences, wording, label));
    rules.fields.forEach((field, row) => cells[row].forEach((one, i) => mark(field, one, i, read[i].errors)));
    const faults = read.flatMap(({errors}, i) => errors.map((error) => [i, error]));
    summary.replaceChildren(...(faults.length ? [problems(faults)] : []));
    reasons.replaceChildren(...(found[0] && differences.some(Boolean) ? whyDifferent(differences, wording, label) : []));
    link.setAttribute("href", page.linkOf(cases));
    page.tell(found.map((one, i) => `${title(i)}: ${one ? inWords(one, wording) : ""}`).join(". "));
  }

  function inWords({prediction, probabilities}, wording) {
    if (!language.classes) return wording.of(prediction);
    const [name] = language.classes[prediction];
    if (!probabilities) return name;
    return say(N_("{label} ({share})"), {label: name, share: wording.of(probabilities[prediction])});
  }

  function answerRows(read, found, differences, wording, label) {
    const row = (name, contents, style) => element("tr", style ? {class: style} : {},
      element("th", {scope: "row"}, name), contents.map((content) => element("td", {}, content)));
    const sizes = found.map((one) => (one && !language.classes ? one.prediction : 0));
    const low = Math.min(0, ...sizes), span = Math.max(0, ...sizes) - low;
    const at = (value) => (span > 0 ? (100 * (value - low)) / span : 50);
    const bar = (value) => track(Math.min(at(0), at(value)), Math.abs(at(value) - at(0)));
    const rows = [row(language.target, found.map((one) => (one
      ? [element("span", {class: "compare-answer"}, inWords(one, wording)), language.classes ? null : bar(one.prediction)].filter(Boolean)
      : [element("span", {class: "soft"}, say(N_("No prediction: correct the values below.")))])), "compare-answers")];
    if (found.some((one) => one?.interval)) {
      rows.push(row(say(N_("Likely range")), found.map((one) => {
        const [from, to] = one?.interval ?? [];
        return one ? [say(N_("%(low)s to %(high)s"), {low: wording.of(from), high: wording.of(to)})] : [];
      })));
    }
    const against = label ? say(N_("Probability of %(label)s, in percentage points against case 1"), {label}) : say(N_("Against case 1"));
    if (differences.some(Boolean)) {
      rows.push(row(against, differences.map((one) => (one ? [wording.change(one.other - one.first)] : []))));
    }
    if (found.some((one, i) => one && read[i].warnings.length)) {
      rows.push(row(say(N_("Check this")), found.map((one, i) => (one ? read[i].warnings.map((remark) => element("p", {}, page.warningOf(remark))) : [])), "compare-notes"));
    }
    return rows;
  }

  // What is wrong with an input, and the first case's value where it is another one.
  function mark(field, {input, td}, i, errors) {
    const error = errors.find((one) => one.field === field.name), given = cases[i][field.name];
    const differs = i > 0 && given.trim() !== cases[0][field.name].trim();
    td.querySelectorAll("p").forEach((old) => old.remove());
    td.className = differs ? "compare-differs" : "";
    for (const name of ["aria-invalid", "aria-describedby"]) input.removeAttribute(name);
    if (error) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", `${input.id}-error`);
      td.prepend(element("p", {class: "wrong", id: `${input.id}-error`},
        element("span", {class: "unseen"}, say(N_("Error:"))), ` ${page.faultOf(error, cases[i])}`));
    }
    if (differs) td.append(element("p", {class: "soft was"}, say(N_("Case 1: %(value)s"), {value: page.shownOf(field.name, cases[0][field.name])})));
  }

  function problems(faults) {
    return element("div", {class: "summary"},
      element("h3", {class: "summary-title"}, say(N_("There is a problem"))),
      element("ul", {class: "summary-list"}, faults.map(([i, error]) => {
        const row = rules.fields.findIndex(({name}) => name === error.field);
        const sentence = say(N_("Case {number}: {sentence}"), {number: i + 1, sentence: page.faultOf(error, cases[i])});
        return element("li", {}, element("a", {href: `#case-${i + 1}-${row}`}, sentence));
      })));
  }

  function whyDifferent(differences, wording, label) {
    const about = label ? say(N_("How each value that differs moves the probability of %(label)s, in percentage points."), {label})
      : say(N_("How each value that differs moves the estimate."));
    const sampled = differences.every((one) => !one || one.exact) ? "" : say(N_("The changes are estimated from a sample; ± is one standard error."));
    const each = differences.flatMap((one, i) => (one ? [element("div", {class: "course"},
      element("h4", {class: "part-name", id: `why-${i + 1}`}, say(N_("Case %(number)s against case 1"), {number: i + 1})),
      one.fields.length
        ? steps(language, `why-${i + 1}`, one, wording, changes(i), [[title(0), one.first], [title(i), one.other]])
        : element("p", {}, say(N_("The values are the same as in case 1."))))] : []));
    return [element("h3", {}, say(N_("Why the answers differ"))),
      element("p", {class: "soft"}, language.sentences([about, say(N_("What several values do together is shared evenly between them, so the steps add up.")), sampled])),
      element("div", {class: "courses"}, each)];
  }

  // Field name -> what it is in a case, and in the first.
  function changes(i) {
    return Object.fromEntries(rules.fields.map(({name}) => [name, say(N_("{new} instead of {old}"),
      {new: page.shownOf(name, cases[i][name]), old: page.shownOf(name, cases[0][name])})]));
  }

  const heads = cases.map((_, i) => element("th", {scope: "col", id: `case-${i + 1}`}, title(i)));
  const rows = rules.fields.map((field, row) => {
    const {sign, name} = language.units[field.name], unit = sign || name;
    return element("tr", {}, element("th", {scope: "row"}, element("span", {id: `row-${row}`}, language.labels[field.name],
      unit ? element("span", {class: "soft"}, ` (${unit})`) : null)), cells[row].map(({td}) => td));
  });
  const heading = element("h2", {tabindex: "-1"}, say(N_("Compare cases")));
  place.replaceChildren(heading,
    element("p", {class: "soft"}, say(N_("Change values in any case. Each case is compared with case 1."))), summary,
    element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": say(N_("The cases"))},
      element("table", {class: "compare"}, element("thead", {}, element("tr", {}, element("td"), heads)), answers, element("tbody", {}, rows))),
    element("p", {class: "actions"},
      cases.length < MOST_CASES ? button(say(N_("Add a case")), () => again([...cases, {...cases.at(-1)}])) : null,
      cases.length > 2 ? cases.slice(1).map((_, i) => button(say(N_("Remove case %(number)s"), {number: i + 2}), () => again(cases.filter((_one, k) => k !== i + 1)))) : null,
      link),
    element("section", {class: "reasons"}, reasons));
  place.hidden = false;
  show();
  return heading;
}
