// How the prediction moves with each field, drawn as templates/whatif.html does
// (web/form/whatif_cards.py, web/display/charts.py).
import {drawn, element, MOST_COURSES, scaleOf, track} from "./answer_panel.js";
import {N_, P_} from "./formats.js";

// Curves share a scale if at least half of them cover this part of it; rows that are few (see Python).
const SHARED_PART = 0.1, LEAST_STEPS = 20, LARGE = 10000, FEW_ROWS = 20, FEW_OF_EVEN = 0.25;
const MARGIN = 8, SUPPORT_HEIGHT = 20, PLOT = 96;

const placed = ([low, high], value) => (high <= low ? 50 : Math.min(100, Math.max(0, (100 * (value - low)) / (high - low))));
const height = (scale, value) => MARGIN + (100 - placed(scale, value)) * (1 - (2 * MARGIN) / 100);
const short = (x) => Number(x.toPrecision(3));

// facts.courses: field name -> {curve, isText}, and where training rows are known {known, cumulated} of
// a curve, {few: whether few rows had each value} of others; facts.grids: field name -> the values whose
// words language.grids has; facts.rows: how many training rows there were. percent: the ranges' level.
export function whatIfPanel(language, facts, answer, wording, shown, percent) {
  const {say} = language, courses = answer.whatif.fields.slice(0, MOST_COURSES);
  const whole = legible(scaleOf(answer.whatif, courses), wording), isCurve = ({field, values}) => facts.courses[field].curve && values.length > 0;
  const curves = courses.filter(isCurve);
  const free = courses.filter(({field, answers}) => answers.length && !language.choices[field]);
  const seen = free.filter(({answers}) => Math.max(...answers) - Math.min(...answers) >= SHARED_PART * (whole[1] - whole[0]));
  const shared = 2 * seen.length >= free.length ? whole : null;
  const levels = courses.filter((course) => !isCurve(course));
  const more = answer.whatif.fields.length - courses.length;
  const about = [
    say(N_("Each chart changes one field and keeps the others.")),
    !curves.length ? "" : shared ? say(N_("All curves share one scale: %(low)s to %(high)s."), {low: wording.tick(whole[0]), high: wording.tick(whole[1])}) : say(N_("Each curve has its own scale.")),
    curves.length ? say(N_("The dot marks your case.")) : "",
    curves.length && percent ? say(N_("The band holds about %(level)s of true values."), {level: percent}) : "",
    curves.length && facts.rows ? say(N_("Grey bars show how many training cases there were. Where they were few, the line is dashed.")) : "",
    more > 0 ? say(P_("Only the first %(num)s fields are shown. The API returns all."), {num: courses.length}) : "",
  ];
  return element("section", {class: "whatif", "aria-labelledby": "whatif-name"},
    element("h2", {id: "whatif-name"}, say(N_("What if one value were different?"))),
    element("p", {class: "soft"}, language.sentences(about)),
    curves.length ? element("div", {class: "courses"}, curves.map(curveCard)) : null,
    levels.length ? element("div", {class: "courses-levels"}, levels.map(levelsCard)) : null,
    curves.length ? element("details", {class: "more tables"}, element("summary", {}, say(N_("The charts as tables"))),
      element("div", {class: "courses"}, curves.map(tableOf))) : null);

  // A number as schema/kinds/number.py writes it, wherever it comes from; other values as given.
  function inWords({field, values, present}, k) {
    const at = facts.grids[field].indexOf(values[k]), {isDecimal} = facts.courses[field];
    if (k === present && !isDecimal) return shown[field];
    if (at >= 0) return language.grids[field][at];
    return isDecimal ? language.withUnit(inFourDigits(values[k]), language.units[field]) : String(values[k]);
  }

  function inFourDigits(value) {
    const size = Math.abs(value), text = size < LARGE ? Number(size.toPrecision(4)) : size.toFixed(0);
    return language.grouped(`${value < 0 ? "-" : ""}${text}`);
  }

  function title({field}, id) {
    return element("h3", {class: "course-name", ...id}, language.labels[field], " ",
      element("span", {class: "soft"}, shown[field]));
  }

  function levelsCard(course) {
    const {field, answers, present, values} = course, {few} = facts.courses[field];
    const zero = [Math.min(0, whole[0]), Math.max(0, whole[1])], at = (value) => placed(zero, value);
    const order = answers.map((_, k) => k);
    if (facts.courses[field].isText) order.sort((a, b) => answers[b] - answers[a]);
    const fewAt = answers.map((_, k) => few && (few[facts.grids[field].indexOf(values[k])] ?? true));
    const allFew = fewAt.every(Boolean) && answers.length > 0;
    const rows = order.map((k) => {
      const isFew = fewAt[k];
      const bar = track(Math.min(at(0), at(answers[k])), Math.abs(at(answers[k]) - at(0)), undefined, isFew);
      return element("tr", k === present ? {class: "bars-first"} : {},
        element("th", {scope: "row"}, inWords(course, k),
          k === present ? element("span", {class: "unseen"}, ` ${say(N_("(your case)"))}`) : null,
          isFew && !allFew ? [" ", element("span", {class: "soft"}, say(N_("(few training cases)")))] : null),
        element("td", {}, element("div", {class: "level"}, wording.of(answers[k]), bar)));
    });
    return element("div", {class: "course"}, title(course, {}), element("table", {class: "levels"},
      element("caption", {class: "unseen"}, language.labels[field]),
      element("thead", {class: "unseen"}, element("tr", {}, [say(N_("Value")), say(N_("Prediction"))].map((name) => element("th", {scope: "col"}, name)))),
      element("tbody", {}, rows)),
      allFew ? element("p", {class: "course-said"}, say(N_("There were few training cases anywhere."))) : null);
  }

  function curveCard(course, i) {
    const places = placesOf(course), support = supportOf(course, places);
    const few = support.map((part) => facts.rows * part < FEW_ROWS && part < (FEW_OF_EVEN / support.length));
    const words = places.map((_, k) => inWords(course, k)), {answers} = course, last = answers.length - 1;
    const ends = say(N_("{first_answer} at {first_value}, {last_answer} at {last_value}."), {
      first_answer: wording.of(answers[0]), first_value: words[0], last_answer: wording.of(answers[last]), last_value: words[last]});
    return element("div", {class: "course"}, title(course, {id: `course-${i + 1}`}),
      element("div", {class: "course-plot", "data-label": say(N_("What-if chart")), "data-named-by": `course-${i + 1}`}, curve(course, places, support, few, words)),
      element("p", {class: "course-told", "data-told": "", "aria-hidden": "true"}),
      element("p", {class: "course-said"}, language.sentences([ends, ...fewInWords(few, words)])));
  }

  // A curve's values as numbers; dates are days.
  function placesOf({values}) {
    return values.map((value) => (typeof value === "string" ? Date.parse(value) / 1000 : value));
  }

  // The share of training around each value (inference/marginals.py).
  function supportOf({field}, places) {
    const {known, cumulated} = facts.courses[field];
    if (!known) return [];
    const at = bordersOf(places).map((x) => interpolated(x, bordersOf(known), cumulated));
    return places.map((_, k) => at[k + 1] - at[k]);
  }

  function fewInWords(few, words) {
    const runs = [];
    few.forEach((isFew, k) => {
      if (k && few[k - 1] === isFew) runs.at(-1).end = k;
      else runs.push({isFew, start: k, end: k});
    });
    if (runs.length === 1) return runs[0].isFew ? [say(N_("There were few training cases anywhere."))] : [];
    return runs.filter(({isFew}) => isFew).map(({start, end}) => {
      const low = words[start - 1], high = words[end + 1];
      if (low === undefined) return say(N_("Few training cases below {high}."), {high});
      if (high === undefined) return say(N_("Few training cases above {low}."), {low});
      return say(N_("Few training cases between {low} and {high}."), {low, high});
    });
  }

  function curve({field, answers, intervals, present}, places, support, few, words) {
    const scale = shared ?? legible(scaleOf(answer.whatif, courses.filter((one) => one.field === field)), wording);
    const across = [places[0], places.at(-1)];
    const points = places.map((x, k) => [placed(across, x), height(scale, answers[k])]);
    const line = (pairs) => pairs.map(([x, y]) => `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`).join(" ");
    const band = intervals ? line([...points.map(([x], k) => [x, height(scale, intervals[k][0])]),
      ...points.map(([x], k) => [x, height(scale, intervals[k][1])]).reverse()]) : "";
    const level = short(height(scale, answer.whatif.answer));
    const ticks = ticksWithin(scale).map((tick) => [short(height(scale, tick)), tick]);
    const inner = drawn("svg", {width: "100%", height: "100%", viewBox: "0 0 100 100", preserveAspectRatio: "none", overflow: "visible"},
      support.length ? drawn("path", {class: "curve-rows", d: barsOf(points.map(([x]) => x), support)}) : null,
      band ? drawn("polygon", {class: "curve-band", points: band}) : null,
      drawn("polyline", {class: "curve-line curve-weak", points: line(points), "vector-effect": "non-scaling-stroke"}),
      drawn("path", {class: "curve-line", d: firmOf(points, few), "vector-effect": "non-scaling-stroke"}));
    const dot = present === null ? null : drawn("circle", {class: "curve-dot", cx: `${short(points[present][0])}%`, cy: `${short(points[present][1])}%`, r: "5"});
    const foot = footOf(places, across, words, language.units[field]);
    const room = element("div", {class: "curve-room", "aria-hidden": "true"}, ticks.map(([, tick]) => element("span", {}, wording.tick(tick))));
    return [room, drawn("svg", {class: "curve", width: "100%", height: "116", overflow: "visible", "aria-hidden": "true", focusable: "false"},
      drawn("svg", {width: "100%", height: PLOT, overflow: "visible", "data-plot": ""},
        ticks.map(([y]) => drawn("line", {class: "curve-grid", x2: "100%", y1: `${y}%`, y2: `${y}%`})),
        ticks.map(([y, tick]) => drawn("text", {class: "curve-tick curve-up", y: `${y}%`, dx: "-8", dy: "4"}, wording.tick(tick))),
        drawn("line", {class: "curve-level", x2: "100%", y1: `${level}%`, y2: `${level}%`}), inner, dot),
      drawn("line", {class: "curve-foot", x2: "100%", y1: PLOT, y2: PLOT}), foot)];
  }

  function footOf(places, across, words, {name, sign}) {
    const middle = places.reduce((best, x, k) => (Math.abs(2 * x - across[0] - across[1]) < Math.abs(2 * places[best] - across[0] - across[1]) ? k : best), 0);
    const bare = (text) => (!sign && name && text.endsWith(` ${name}`) ? text.slice(0, -name.length - 1) : text);
    return Array.from(new Set([0, middle, places.length - 1]), (k) => {
      const x = placed(across, places[k]);
      return drawn("text", {class: "curve-tick", x: `${short(x)}%`, y: "112", "text-anchor": x < 1 ? "start" : x > 99 ? "end" : "middle"}, bare(words[k]));
    });
  }

  function tableOf(course) {
    const rows = course.answers.map((value, k) => element("tr", k === course.present ? {class: "bars-first"} : {},
      element("th", {scope: "row"}, inWords(course, k)), element("td", {}, wording.of(value))));
    const heads = [language.labels[course.field], language.target].map((name) => element("th", {scope: "col"}, name));
    return element("table", {class: "grid", "data-course": ""}, element("thead", {}, element("tr", {}, heads)), element("tbody", {}, rows));
  }
}

// At least so wide as the digits that are written tell apart.
function legible([low, high], {step, isProbability}) {
  const least = LEAST_STEPS * step;
  if (high - low >= least) return [low, high];
  const middle = (low + high - least) / 2, from = low >= 0 ? Math.max(0, middle) : middle;
  const start = isProbability ? Math.min(from, 1 - least) : from;
  return [start, start + least];
}

function bordersOf(values) {
  if (values.length === 1) return [values[0] - 0.5, values[0] + 0.5];
  const middles = values.slice(1).map((value, k) => (value + values[k]) / 2);
  return [2 * values[0] - middles[0], ...middles, 2 * values.at(-1) - middles.at(-1)];
}

function interpolated(x, known, values) {
  const after = known.findIndex((border) => border > x);
  if (after < 0) return values.at(-1);
  if (after === 0) return values[0];
  const part = (x - known[after - 1]) / (known[after] - known[after - 1]);
  return values[after - 1] + part * (values[after] - values[after - 1]);
}

function barsOf(across, support) {
  const most = Math.max(...support);
  if (!(most > 0) || across.length < 2) return "";
  const borders = [across[0], ...across.slice(1).map((x, k) => (x + across[k]) / 2), across.at(-1)];
  return support.map((part, k) => (part > 0
    ? `M${short(borders[k])} 100V${short(100 - (SUPPORT_HEIGHT * part) / most)}H${short(borders[k + 1])}V100` : "")).join("");
}

// The line from each point to the next where neither stands for too little.
function firmOf(points, few) {
  let path = "", ends = false;
  for (let k = 1; k < points.length; k++) {
    const begins = ends ? "" : `M${points[k - 1].map(short).join(" ")}`;
    ends = !(few[k - 1] || few[k]);
    if (ends) path += `${begins}L${points[k].map(short).join(" ")}`;
  }
  return path;
}

// Round numbers between both ends, at most four steps apart (web/display/axis.py).
function ticksWithin([low, high]) {
  if (high <= low) return [];
  const power = 10 ** Math.floor(Math.log10((high - low) / 4));
  const first = (step) => Math.floor(low / step + 1e-9), last = (step) => Math.ceil(high / step - 1e-9);
  const step = [1, 2, 2.5, 5, 10, 20].map((m) => m * power).find((width) => last(width) - first(width) <= 4);
  return Array.from({length: last(step) - first(step) + 1}, (_, k) => Number(((first(step) + k) * step).toPrecision(12)))
    .filter((tick) => low <= tick && tick <= high);
}
