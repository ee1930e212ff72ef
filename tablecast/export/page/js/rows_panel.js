// A CSV file of rows, read, checked, predicted and saved on this device.
import {element} from "./answer_panel.js";
import {N_} from "./formats.js";

// Rows between two looks at the page, and those that it shows.
const SLICE = 500, SHOWN_ROWS = 10, SHOWN_COLUMNS = 30, SHOWN_SIGNS = 60, MOST_MEGABYTES = 100;

// Lets a person choose a file. page: {language, rules, predictor, say, classes, hasRange, hasScores}
export function offerRows(page) {
  const {language} = page, place = document.querySelector("[data-rows]");
  const find = (name) => place.querySelector(`[data-rows-${name}]`);
  const input = place.querySelector("input"), going = find("going"), result = find("result");
  let turn = 0, address = null;

  input.addEventListener("change", () => {
    const [file] = input.files;
    if (file) answer(file, ++turn);
  });
  find("stop").addEventListener("click", () => {
    turn++;
    input.value = ""; // so that the same file can be chosen again
    finish(language.say(N_("Cancelled. Nothing was saved.")));
    input.focus();
  });

  function finish(words) {
    going.hidden = true;
    find("said").textContent = words;
  }

  function complain(text) {
    finish("");
    result.replaceChildren(element("p", {class: "wrong", role: "alert"},
      element("span", {class: "unseen"}, language.say(N_("Error:"))), ` ${text}`));
  }

  async function answer(file, own) {
    if (address) URL.revokeObjectURL(address);
    result.replaceChildren();
    if (file.size > MOST_MEGABYTES * 1e6) {
      return complain(language.say(N_("{name} has more than {most} MB. Split it into smaller files."), {name: file.name, most: MOST_MEGABYTES}));
    }
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      if (own !== turn) return undefined;
      const {isMarked, ...rows} = page.rules.file(bytes, file.name);
      if (!rows.count) return complain(language.say(N_("The file has column names but no rows. Add rows below the first line.")));
      const done = await answered(rows, own);
      if (done) show(file, (isMarked ? "\ufeff" : "") + done.text, done, rows.notes);
    } catch (error) {
      if (!error.remark) throw error;
      complain(page.say(error.remark, language.words));
    }
    return undefined;
  }

  // Some rows after the others, so that the page can be used and the work be stopped; null where it was.
  async function answered(rows, own) {
    const bar = place.querySelector("progress");
    going.hidden = false;
    const steps = rows.answers({
      ...page, predictAll: page.predictor.predictAll, size: SLICE, shown: SHOWN_ROWS,
      say: (remark) => page.say(remark, language.words), join: language.sentences,
    });
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      bar.value = step.value / rows.count;
      await new Promise((go) => { setTimeout(go); });
      if (own !== turn) return null;
    }
  }

  function show(file, text, done, notes) {
    address = URL.createObjectURL(new Blob([text], {type: "text/csv"}));
    const number = (count) => language.grouped(String(count));
    const counts = [
      [language.say(N_("Rows")), done.rows], [language.say(N_("Rows with a prediction")), done.rows - done.refused],
      [language.say(N_("Refused")), done.refused], [language.say(N_("Predicted with a warning")), done.warned],
    ];
    const saved = file.name.replace(/\.\w+$/, "");
    result.replaceChildren(
      element("dl", {class: "pairs"}, counts.map(([name, count]) => element("div", {}, element("dt", {}, name), element("dd", {}, number(count))))),
      ...notes.map((note) => element("div", {class: "note"}, element("p", {}, page.say(note, language.words)))),
      element("p", {class: "actions"}, element("a", {class: "button", href: address, download: `${saved}_predictions.csv`}, language.say(N_("Save all rows with predictions")))),
      ...(done.refused ? refusals(done) : []),
      element("h3", {}, language.say(N_("The first rows with predictions"))),
      grid(language.say(N_("The first rows with predictions")), shortened(done.header), done.first.map(shortened)));
    finish(language.say(N_("{predicted} of {rows} rows have a prediction."), {predicted: number(done.rows - done.refused), rows: number(done.rows)}));
    result.focus();
  }

  // First columns and the last ones, which are the added ones.
  function shortened(whole) {
    const cells = whole.map((cell) => (cell.length > SHOWN_SIGNS ? `${cell.slice(0, SHOWN_SIGNS)}…` : cell));
    if (cells.length <= SHOWN_COLUMNS) return cells;
    return [...cells.slice(0, SHOWN_COLUMNS / 2), "…", ...cells.slice(-SHOWN_COLUMNS / 2)];
  }

  function refusals(done) {
    const shown = done.refusals.length, name = language.say(N_("Refused rows"));
    const first = done.refused > shown
      ? language.say(N_("The first %(shown)s of %(refused)s."), {shown, refused: language.grouped(String(done.refused))}) : "";
    const advice = language.say(N_("Correct these rows in your file and choose it again. In the saved file they have no prediction, and the column prediction_error gives the reason."));
    const rows = done.refusals.map(({line, errors}) => [
      capital(language.say(N_("line {number}"), {number: language.grouped(String(line))})),
      language.sentences(errors.map((error) => page.say(error, language.words))),
    ]);
    const heads = [language.say(N_("Where")), language.say(N_("Problem"))];
    return [element("h3", {}, name), element("p", {}, language.sentences([first, advice])), grid(name, heads, rows)];
  }

  const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

  function grid(label, heads, rows) {
    return element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": label},
      element("table", {class: "grid"},
        element("thead", {}, element("tr", {}, heads.map((head) => element("th", {scope: "col"}, head)))),
        element("tbody", {}, rows.map((cells) => element("tr", {}, cells.map((cell) => element("td", {}, cell)))))));
  }
}
