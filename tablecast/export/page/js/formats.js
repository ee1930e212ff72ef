// Numbers and sentences in the reader's language (i18n/formats.py, web/display/amounts.py).

// Mark a sentence of the catalogues, and one of two forms that count, which are Python's, too.
export const N_ = (sentence) => sentence;
export const P_ = N_;

const MINUS = "−";

// Training rows from which a tenth of a per cent says something.
const ROWS_FOR_TENTHS = 10000;

// How near a share is to a whole per cent that is one.
const ROUND = 1e-9;

// A number as Python's format writes its size: of two that are equally near, the even one.
function fixed(value, decimals) {
  const size = Math.abs(value), up = size.toFixed(decimals);
  const exact = size.toFixed(Math.min(100, decimals + 60));
  const cut = exact.length - Math.min(100, decimals + 60) + decimals;
  const rest = exact.slice(cut).replace(".", "");
  if (!/^50*$/.test(rest)) return up;
  const down = exact.slice(0, cut).replace(/\.$/, "");
  return Number(down.at(-1)) % 2 === 0 ? down : up;
}

// To so many decimals; to tens at -1, to hundreds at -2.
function roundedText(value, decimals) {
  const size = Math.abs(value);
  if (decimals >= 0) return fixed(size, decimals);
  const step = 10 ** -decimals, rest = size % step, below = (size - rest) / step;
  const isUp = rest > step / 2 || (rest === step / 2 && below % 2 === 1);
  return fixed((below + (isUp ? 1 : 0)) * step, 0);
}

// How one language writes: words, CLDR's facts, and the form's own texts in it. rows: of training.
export function openLanguage(language, rows) {
  const {words, forms} = language;
  function grouped(text) {
    const [whole, ...rest] = text.split(".");
    const parts = whole.replace(/\B(?=(\d{3})+(?!\d))/g, forms.group);
    return rest.length ? `${parts}${forms.decimal}${rest[0]}` : parts;
  }
  const own = {
    ...language, rows,
    // A sentence of the catalogue with its values: {name} or %(name)s.
    say(message, values = {}) {
      return (words[message] ?? message).replace(/\{(\w+)\}|%\((\w+)\)s/g, (all, a, b) => values[a ?? b] ?? all);
    },
    rounded(value, decimals) {
      const text = roundedText(value, decimals);
      return (value < 0 && /[1-9]/.test(text) ? MINUS : "") + grouped(text);
    },
    percent: (share, digits) => own.withUnit(grouped(fixed(100 * share, digits)), {name: "%"}),
    // A plain number with signs between its thousands; any other text as it is.
    grouped(text) {
      const [whole] = text.split("."), digits = whole.replace(/^-/, "");
      return /^[0-9]+$/.test(digits) ? (whole[0] === "-" ? MINUS : "") + grouped(text.replace(/^-/, "")) : text;
    },
    withUnit(text, {name, sign}) {
      if (name === "%" || name === "‰") return forms.percent.replace("{}", text).replace("%", name);
      if (!sign) return `${text} ${name}`.trim();
      const amount = text.startsWith(MINUS) ? text.slice(1) : text;
      const written = forms.currency.replace("{sign}", () => sign).replace("{number}", () => amount);
      return (amount === text ? "" : MINUS) + written;
    },
    sentences(texts) {
      const parts = texts.filter(Boolean);
      const after = (text) => (/[\0-\x7f]$/.test(text) ? " " : forms.space);
      return parts.map((text, i) => (i < parts.length - 1 ? text + after(text) : text)).join("");
    },
  };
  return own;
}

// How answers are written: amounts with the same decimals, probabilities in per cent.
// interval: where one is known, three digits of its width are written.
export function wordingOf(language, largest, interval) {
  const isProbability = Boolean(language.classes);
  const decimals = isProbability ? Number(language.rows >= ROWS_FOR_TENTHS) : decimalsOf(language, largest, interval);
  const of = (value, digits = decimals) => (isProbability
    ? likelihood(language, value, decimals) : language.withUnit(language.rounded(value, digits), language.unit));
  const size = (value) => language.rounded(isProbability ? 100 * value : value, decimals);
  return {
    decimals,
    isProbability,
    step: 10 ** -(decimals + 2 * isProbability),
    of,
    tick(value) {
      if (!isProbability) return of(value);
      const away = 100 * value - Math.round(100 * value);
      return language.percent(value, Math.abs(away) < 100 * ROUND ? 0 : decimals);
    },
    change(value) {
      const text = isProbability ? size(Math.abs(value)) : of(Math.abs(value));
      if (!/[1-9]/.test(size(Math.abs(value)))) return text;
      return (value < 0 ? MINUS : "+") + text;
    },
    error: (value) => `± ${size(value)}`,
  };
}

// A probability in words that never claim certainty.
function likelihood(language, share, decimals) {
  const text = language.percent(share, decimals), least = 10 ** -(decimals + 2);
  if (text === language.percent(0, decimals)) return language.say(N_("under {share}"), {share: language.percent(least, decimals)});
  if (text === language.percent(1, decimals)) return language.say(N_("over {share}"), {share: language.percent(1 - least, decimals)});
  return text;
}

// Of several answers beside one another: as the surest of them is written.
export function wordingOfAll(language, answers) {
  const ranges = answers.map(({interval}) => interval).filter(Boolean);
  const amounts = language.classes ? [] : [...answers.map(({prediction}) => prediction), ...ranges.flat()];
  const narrowest = ranges.reduce((best, one) => (best && best[1] - best[0] <= one[1] - one[0] ? best : one), null);
  return wordingOf(language, amounts.reduce((most, x) => Math.max(most, Math.abs(x)), 0), narrowest);
}

function decimalsOf(language, largest, interval) {
  const width = interval ? interval[1] - interval[0] : 0;
  const decimals = width > 0
    ? Math.max(2 - powerOf(width), Math.min(0, -powerOf(largest))) : Math.max(0, 3 - powerOf(largest));
  return decimals > 0 && largest >= 1 && language.unit.sign ? 2 : decimals;
}

const powerOf = (size) => (size ? Math.floor(Math.log10(size)) : 0);
