// A row of the list, filled in from a call as `/v1` shows it: the same cells as `call_row` of macros.html.

import { duration, sayTimes } from "./base.js";

export const link = (row) => row.querySelector(".time a");
const part = (row, name) => row.querySelector(`.${name}`);

function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

// As `visible` of wording.py: what would act on a screen, or hide there, as its escape.
const NAMED = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function escaped(sign) {
  const code = sign.codePointAt(0);
  const [letter, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
  return NAMED[sign] ?? `\\${letter}${code.toString(16).padStart(digits, "0")}`;
}

// As `cut` of spelling.py: 300 characters, which are up to twice as many for JavaScript.
function cut(line) {
  const start = [...line.slice(0, 600)].slice(0, 300).join("");
  return start.length < line.length ? `${start}…` : line;
}

const bdi = (text, className) => element("bdi", className, text.replace(UNSEEN, escaped));

// Rows of running calls count up; nobody is told.
export function countUp(rows) {
  for (const row of rows) {
    const count = row.querySelector(".count");
    if (count) count.textContent = duration(Date.now() / 1000 - row.dataset.start);
  }
}

function fillDuration(row, call) {
  const cell = part(row, "dur");
  if (call.end !== null) {
    cell.textContent = duration(call.end - call.start);
  } else if (!part(cell, "count")) {
    const words = element("span", "vh", "running, so far ");
    cell.replaceChildren(element("span", "live", element("span", "dot"), words, element("span", "count")));
  }
}

function errorMark() {
  const drawing = "http://www.w3.org/2000/svg";
  const mark = document.createElementNS(drawing, "svg");
  mark.setAttribute("class", "mark");
  mark.setAttribute("aria-hidden", "true");
  mark.append(document.createElementNS(drawing, "use"));
  mark.firstChild.setAttribute("href", "#error");
  return mark;
}

function fillErrors(row, call) {
  const cell = part(row, "err");
  cell.replaceChildren();
  if (call.errors) {
    const flag = element("span", "flag", errorMark(), element("b", "", String(call.errors)));
    const words = element("span", "vh", call.errors === 1 ? " error: " : " errors: ");
    cell.append(flag, words, " ", bdi(cut(call.first_error ?? "")));
  } else if (call.now) {
    cell.append(element("span", "now", "now: ", bdi(cut(call.now))));
  }
}

function fillEnded(row, call) {
  const cell = part(row, "ended");
  const alone = ["cancelled before answer", "unknown"].includes(call.by);
  cell.textContent = call.by && call.end !== null ? (alone ? call.by : `by ${call.by}`) : "";
  if (cell.textContent && call.by !== "application") cell.replaceChildren(element("b", "", cell.textContent));
}

export function fill(row, call) {
  row.dataset.id = call.session_id;
  row.dataset.start = call.start;
  row.classList.toggle("has-err", call.errors > 0);
  row.classList.toggle("gone", !call.log);
  link(row).href = `/calls/${encodeURIComponent(call.session_id)}`;
  row.querySelector("time").dateTime = new Date(call.start * 1000).toISOString();
  part(row, "from").replaceChildren(bdi(call.src || "unknown"));
  part(row, "to").replaceChildren(bdi(call.dest || "unknown"));
  part(row, "app").replaceChildren(bdi(call.application), ...(call.version ? [" ", bdi(call.version, "ver")] : []));
  fillDuration(row, call);
  fillErrors(row, call);
  fillEnded(row, call);
  countUp([row]);
  sayTimes(row);
}
