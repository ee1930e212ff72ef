// The answer as templates/answer.html draws it, made of elements: no text is ever read as HTML.
import {N_, P_, wordingOf} from "./formats.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST_LINES = 10;
export const MOST_COURSES = 12;

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  return dressed(made, attributes, children);
}

export function drawn(tag, attributes, ...children) {
  return dressed(document.createElementNS(SVG, tag), attributes, children);
}

function dressed(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.flat().filter((child) => child !== null));
  return made;
}

// The answer in words: {text, name, short}, an amount with its unit or a class; a yes or no is named
// with what it answers.
export function wordsOf(language, answer) {
  const wording = wordingOf(language, largestOf(answer), answer.interval);
  if (!language.classes) {
    const text = wording.of(answer.prediction);
    return {wording, text, name: text, short: text};
  }
  const [text, name] = language.classes[answer.prediction];
  if (!answer.probabilities) return {wording, text, name, short: name};
  const share = wording.of(Math.max(...Object.values(answer.probabilities)));
  return {wording, text, name, short: language.say(N_("{answer} ({share} likely)"), {answer: name, share})};
}

// shown: field name -> the given value in words; warnings: sentences.
export function answerPanel(language, facts, answer, shown, warnings, link) {
  const {text, name, wording} = wordsOf(language, answer);
  return element("section", {class: "panel", id: "result", tabindex: "-1", "aria-labelledby": "answer-name"},
    first(language, facts, answer, text, wording), noted(language, warnings), bars(language, facts, answer, wording),
    why(language, answer, name, wording, shown), given(language, answer, shown), share(language, link));
}

function largestOf({prediction, whatif}) {
  const [low, high] = whatif ? scaleOf(whatif, whatif.fields.slice(0, MOST_COURSES)) : [prediction, prediction];
  return Math.max(Math.abs(low), Math.abs(high));
}

// The least and the largest number that some courses show.
export function scaleOf(whatif, courses) {
  const numbers = courses.flatMap((course) => [...course.answers, ...(course.intervals ?? []).flat()]);
  return numbers.length ? [Math.min(...numbers), Math.max(...numbers)] : [whatif.answer, whatif.answer];
}

function first(language, facts, answer, text, wording) {
  const size = text.length > 16 ? " answer-long" : text.length > 11 ? " answer-wide" : "";
  const part = element("div", {class: "part"},
    element("h2", {class: "answer-name", id: "answer-name"}, language.target),
    element("p", {class: `answer${size}`}, text));
  const words = element("p", {class: "soft", "data-live-words": ""});
  if (answer.probabilities) {
    const most = Math.max(...Object.values(answer.probabilities));
    words.textContent = language.say(N_("%(percent)s likely, according to the model."), {percent: wording.of(most)});
  } else {
    if (answer.interval) {
      const [low, high] = ends(answer.interval, facts, language, wording);
      part.append(element("p", {class: "range"}, language.say(N_("Likely %(low)s to %(high)s"), {low, high})));
    }
    words.textContent = language.sentences([
      facts.isAverage ? language.say(N_("This is an average for similar cases.")) : "",
      answer.interval ? coverage(language, facts, answer.beyond) : language.say(N_("A single case can differ.")),
    ]);
  }
  part.append(words);
  if (facts.histogram && !language.classes) part.append(place(language, facts.histogram, answer, wording));
  return part;
}

// Where the prediction stands among the training values (charts.columns).
function place(language, {edges: [low, high], counts, below, above}, {prediction, interval}, wording) {
  const at = (value) => Math.min(100, Math.max(0, (100 * (value - low)) / (high - low)));
  const tallest = Math.max(...counts, 1), rows = below + above + counts.reduce((sum, count) => sum + count, 0);
  const path = counts.map((count, i) => (count ? `M${i + 0.06} 100V${100 - (100 * count) / tallest}h.88V100z` : "")).join("");
  const mark = `${at(prediction)}%`;
  const picture = drawn("svg", {class: "histogram", width: "100%", height: "72", "aria-hidden": "true", focusable: "false"},
    interval ? drawn("rect", {class: "histogram-band", x: `${at(interval[0])}%`, width: `${at(interval[1]) - at(interval[0])}%`, height: "100%"}) : null,
    drawn("svg", {y: "8", width: "100%", height: "64", viewBox: `0 0 ${counts.length} 100`, preserveAspectRatio: "none"}, drawn("path", {class: "histogram-bars", d: path})),
    drawn("line", {class: "histogram-mark", x1: mark, x2: mark, y1: "4", y2: "72"}), drawn("circle", {class: "histogram-dot", cx: mark, cy: "5", r: "4.5"}));
  const width = (high - low) / counts.length;
  const lower = prediction < low ? 0 : prediction > high ? rows - above
    : below + counts.reduce((sum, count, i) => sum + count * Math.min(1, Math.max(0, (prediction - low - i * width) / width)), 0);
  const part = lower / rows, sentence = part < 0.005 ? N_("Lower than nearly all of the {cases} training cases.")
    : part > 0.995 ? N_("Higher than nearly all of the {cases} training cases.") : N_("Higher than about {share} of the {cases} training cases.");
  return element("figure", {class: "place"}, picture,
    element("p", {class: "ends"}, element("span", {}, wording.of(low)), element("span", {}, wording.of(high))),
    element("figcaption", {class: "soft"}, language.say(sentence, {share: language.percent(part, 0), cases: language.grouped(String(rows))})));
}

// Both ends, rounded outwards, so that the prediction lies between them as shown.
function ends([low, high], facts, language, wording) {
  const digits = facts.wholeRange ? Math.min(wording.decimals, 0) : wording.decimals, steps = 10 ** digits;
  const near = (value) => Math.round(value * steps * 1e6) / 1e6;
  return [wording.of(Math.floor(near(low)) / steps, digits), wording.of(Math.ceil(near(high)) / steps, digits)];
}

function coverage(language, facts, beyond) {
  if (beyond) return language.say(N_("This case is outside the training data, so the range may not be reliable."));
  const tenths = Math.round(facts.level * 1e7) / 1e6;
  if (Number.isInteger(tenths)) {
    return language.say(N_("About {tenths} in 10 similar cases fall in this range."), {tenths});
  }
  return language.say(N_("About {level} of similar cases fall in this range."), {level: language.percent(facts.level, 1)});
}

function noted(language, warnings) {
  if (!warnings.length) return null;
  return element("div", {class: "part note"},
    element("h3", {class: "part-name"}, language.say(N_("Check this"))),
    element("ul", {}, warnings.map((warning) => element("li", {}, warning))));
}

export function track(start, width, usual, isWeak = false) {
  return drawn("svg", {class: "track", width: "100%", height: "8", "aria-hidden": "true", focusable: "false"},
    drawn("rect", {class: "track-all", width: "100%", height: "8", rx: "2"}),
    drawn("rect", {class: isWeak ? "track-part track-weak" : "track-part", x: `${start}%`, width: `${width}%`, height: "8", rx: "2"}),
    usual === undefined ? null
      : drawn("line", {class: "track-usual", x1: `${usual}%`, x2: `${usual}%`, y1: "0", y2: "8"}));
}

export function head(...names) {
  return element("thead", {class: "unseen"},
    element("tr", {}, names.map((name) => element("th", {scope: "col"}, name))));
}

function bars(language, facts, {probabilities}, wording) {
  if (!probabilities) return null;
  const sorted = Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
  const rows = sorted.map(([label, share], i) => element("tr", i ? {} : {class: "bars-first"},
    element("th", {scope: "row"}, language.classes[label][0]),
    element("td", {}, wording.of(share),
      track(0, share * 100, facts.fractions[label] === undefined ? undefined : facts.fractions[label] * 100))));
  const usual = language.say(N_("The line on each bar is the class's share of the training cases."));
  return element("div", {class: "part"},
    element("h3", {class: "part-name", id: "bars-name"}, language.say(N_("Probability of each class"))),
    element("table", {class: "bars", "aria-labelledby": "bars-name"},
      head(language.say(N_("Class")), language.say(N_("Probability"))), element("tbody", {}, rows)),
    Object.keys(facts.fractions).length ? element("p", {class: "soft"}, usual) : null);
}

// The largest contributions, and the others together.
function linesOf(language, fields) {
  const ordered = fields.toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const most = ordered.length <= MOST_LINES + 1 ? ordered.length : MOST_LINES;
  const rest = ordered.slice(most);
  if (!rest.length) return ordered;
  return [...ordered.slice(0, most), {
    field: null, count: rest.length,
    contribution: rest.reduce((sum, part) => sum + part.contribution, 0),
    error: Math.hypot(...rest.map((part) => part.error)),
  }];
}

function why(language, {contributions: because}, name, wording, shown) {
  if (!because) return null;
  const isClass = Boolean(language.classes);
  const about = isClass
    ? language.say(N_("How each value moves the probability of %(label)s away from the average, in percentage points."), {label: name})
    : language.say(N_("How each value moves the prediction away from the average."));
  const sampled = because.exact ? "" : language.say(N_("The changes are estimated from a sample; ± is one standard error."));
  return element("div", {class: "part"},
    element("h3", {class: "part-name", id: "why-name"}, language.say(N_("Why"))),
    element("p", {class: "soft"}, language.sentences([about, language.say(N_("Filled bars raise it, hollow bars lower it.")), sampled])),
    steps(language, "why-name", because, wording, shown, [
      [language.say(isClass ? N_("Average probability") : N_("Average prediction")), because.base],
      [language.say(isClass ? N_("This probability") : N_("This prediction")), because.answer]]));
}

// Contributions as steps from one number to another, each {field, contribution, error}.
//
// ends: [name, number] of both; shown: field name -> what stands beside the field's name.
export function steps(language, labelledBy, {fields, exact}, wording, shown, [first, last]) {
  const lines = linesOf(language, fields);
  const stops = [first[1]];
  lines.forEach((line) => stops.push(stops.at(-1) + line.contribution));
  const low = Math.min(...stops), span = Math.max(...stops) - low;
  const at = (value) => (span > 0 ? (100 * (value - low)) / span : 50);
  const total = ([name, value]) => element("tr", {class: "steps-sum"},
    element("th", {scope: "row"}, name), element("td", {}, wording.of(value)));
  const rows = lines.flatMap((line, i) => {
    const label = line.field === null ? others(language, line.count) : language.labels[line.field];
    const amount = element("td", {}, wording.change(line.contribution));
    if (!exact) amount.append(" ", element("small", {}, wording.error(line.error)));
    const from = at(stops[i]), to = at(stops[i + 1]);
    return [
      element("tr", {}, element("th", {scope: "row"}, label, " ",
        element("span", {class: "soft"}, shown[line.field] ?? "")), amount),
      element("tr", {class: "steps-picture", "aria-hidden": "true"},
        element("td", {colspan: "2"}, step(Math.min(from, to), Math.abs(to - from), line.contribution >= 0))),
    ];
  });
  return element("table", {class: "steps", "aria-labelledby": labelledBy},
    head(language.say(N_("Field and value")), language.say(N_("Change"))),
    element("tbody", {}, total(first), rows, total(last)));
}

const others = (language, count) => (count === 1
  ? language.say(P_("{count} other field"), {count}) : language.say(P_("{count} other fields"), {count}));

function step(start, width, rises) {
  return drawn("svg", {class: "track", width: "100%", height: "10", "aria-hidden": "true", focusable: "false"},
    drawn("rect", {class: "step-rail", y: "4", width: "100%", height: "2"}),
    drawn("rect", {class: rises ? "step-up" : "step-down", x: `${start}%`, y: "1",
      width: `${Math.max(width, 0.6)}%`, height: "8", rx: "1"}));
}

function given(language, {contributions: because, whatif}, shown) {
  const names = Object.keys(shown);
  if (!whatif) return null; // the rest follows
  if (because && linesOf(language, because.fields).length >= names.length) return null;
  return element("div", {class: "part given"},
    element("h3", {class: "part-name"}, language.say(N_("Your answers"))),
    element("dl", {class: "pairs"}, names.map((name) => element("div", {},
      element("dt", {}, language.labels[name]), element("dd", {}, shown[name])))));
}

function share(language, link) {
  return element("p", {class: "part share"},
    element("a", {href: link, "data-link": ""}, language.say(N_("Link to this prediction"))), " ",
    element("a", {href: "#compare", "data-compare": ""}, language.say(N_("Compare with another"))));
}
