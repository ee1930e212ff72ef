// One row of raw values, read or refused as Schema.parse does.
import {N_, P_, Refusal, readValue} from "./fields.js";
import {useMoments} from "./moments.js";
import {nearest} from "./nearest.js";
import {useFormats} from "./numbers.js";
import {openFile} from "./rows.js";
import {decoded} from "./csv_text.js";
import {fold, quoted, shortName, useFolded} from "./texts.js";

// Between the items of a list, and between thousands.
const MOST_UNKNOWN = 20, COMMA = P_(", "), GROUP = P_(",");

// The rules of a form, ready to read rows.
export function openRules(rules) {
  useFolded(rules.folded);
  useFormats(rules.numbers);
  if (rules.moments) useMoments(rules.moments);
  const names = rules.fields.map((field) => field.name);
  return {
    fields: rules.fields,
    // A CSV file's bytes as rows that can be answered (rows.js).
    file(bytes, name) {
      const {text, isMarked, notes} = decoded(bytes, name, rules.encoding), file = openFile(rules, text, name);
      return {...file, isMarked, notes: [...notes, ...file.notes]};
    },
    fileOfText: (text, name) => openFile(rules, text, name),
    // {row, warnings, errors}: row is null where there are errors. raw: field name -> value.
    read(raw) {
      const given = named(names, raw);
      const errors = Object.keys(given).filter((name) => !names.includes(name))
        .slice(0, MOST_UNKNOWN).map((name) => unknown(names, name));
      const row = Object.create(null), warnings = [];
      for (const field of rules.fields) {
        try {
          const {value, warning} = readValue(field, Object.hasOwn(given, field.name) ? given[field.name] : undefined);
          row[field.name] = value;
          if (warning) warnings.push(warning);
        } catch (refusal) {
          if (!(refusal instanceof Refusal)) throw refusal;
          errors.push(refusal.remark);
        }
      }
      return {row: errors.length ? null : row, warnings, errors};
    },
  };
}

// A remark as a sentence. words: English sentence -> the language's; name: what the field is called.
export function say(remark, words = {}, name = remark.field) {
  const values = {field: name, ...remark.values};
  const sentence = words[remark.message] ?? remark.message;
  return sentence.replace(/\{(\w+)\}/g, (all, key) => (Object.hasOwn(values, key) ? written(values[key], words) : all));
}

// A value of a sentence, which may be one itself, or a list.
function written(value, words) {
  if (value?.message) return say(value, words);
  if (typeof value === "number") return String(value).replace(/\B(?=(\d{3})+$)/g, words[GROUP] ?? GROUP);
  if (!value?.parts) return value;
  const names = value.parts.map((part) => (part.message ? say(part, words) : part)).join(words[COMMA] ?? COMMA);
  return value.more ? say({message: N_("{names} and {count} more"), values: {names, count: value.more}}, words) : names;
}

// A row by the fields' own names, where it has them in other letters or Unicode forms.
function named(names, raw) {
  const keys = Object.keys(raw);
  if (keys.every((name) => names.includes(name)) || keys.length > names.length + MOST_UNKNOWN) return raw;
  const given = Object.create(null);
  for (const name of keys) {
    const meant = names.filter((own) => fold(own) === fold(shortName(name)));
    const own = meant.length === 1 ? meant[0] : name;
    const isFree = !names.includes(name) && !Object.hasOwn(raw, own) && !Object.hasOwn(given, own);
    given[isFree ? own : name] = raw[name];
  }
  return given;
}

function unknown(names, name) {
  const short = shortName(name);
  return {
    message: N_("{name} is not a field of this form. The closest name is {near}."),
    field: short, values: {name: quoted(name), near: nearest(short, names)},
  };
}
