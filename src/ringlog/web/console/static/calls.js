// The list of calls: keys, filters that apply at once, and rows that follow what happens.

import { dayName, dayOf } from "./base.js";
import { follow } from "./follow.js";
import { countUp, fill, link } from "./rows.js";

const table = document.getElementById("calls");
const body = table?.tBodies[0];
const blank = document.getElementById("blank")?.content;
const rows = () => [...(body?.querySelectorAll("tr.call") ?? [])];

// -- filters ---------------------------------------------------------------------------------------------

const form = document.querySelector("form.bar");
const search = document.getElementById("q");

// Without the fields left open, so that the address says what was asked and no more.
function apply() {
  const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  location.assign(asked.size ? `/calls?${asked}` : "/calls");
}

form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
form.addEventListener("change", (event) => { if (event.target !== search) apply(); });

// -- keys ------------------------------------------------------------------------------------------------

const here = () => document.activeElement?.closest?.("tr.call");

function move(step) {
  const all = rows();
  const at = all.indexOf(here());
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
  if (next) {
    link(next).focus();
    next.scrollIntoView({ block: "nearest" });
  }
}

const KEYS = {
  "/": () => search.focus(),
  j: () => move(1),
  k: () => move(-1),
  e: () => form.elements.class.click(),
};

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (event.key === "Escape" && event.target === search) search.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

// -- where one was ---------------------------------------------------------------------------------------

const PLACE = `place ${location.pathname}${location.search}`;

body?.addEventListener("click", (event) => {
  const row = event.target.closest("tr.call");
  if (row) sessionStorage.setItem(PLACE, row.dataset.id);
});

if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") {
  const id = sessionStorage.getItem(PLACE);
  const row = rows().find((one) => one.dataset.id === id);
  if (row) link(row).focus({ preventScroll: true });
}

// -- days ------------------------------------------------------------------------------------------------

// Headings stand where the day changes in the viewer's zone.
function regroup() {
  let day = null;
  const headings = [...body.querySelectorAll("tr.day")];
  for (const row of rows()) {
    const start = new Date(row.dataset.start * 1000);
    if (dayOf(start) === day) continue;
    day = dayOf(start);
    const heading = headings.shift() ?? blank.querySelector("tr.day").cloneNode(true);
    const time = heading.querySelector("time");
    time.dateTime = start.toISOString();
    time.textContent = dayName(start);
    row.before(heading);
  }
  for (const heading of headings) heading.remove();
}

// -- rows as they change ---------------------------------------------------------------------------------

const MOST_ROWS = 500;
const SAY_EVERY_MS = 5000;

const more = document.getElementById("new");
const live = document.getElementById("live");
const said = document.getElementById("said");
const waiting = new Map();

// Somebody is at the rows: they stay where they are.
const isRead = () => scrollY > 0 || Boolean(here()) || table.matches(":hover");

const isBefore = (call, row) =>
  call.start > row.dataset.start || (call.start === Number(row.dataset.start) && call.session_id < row.dataset.id);

function insert(call) {
  const all = rows();
  const row = blank.querySelector("tr.call").cloneNode(true);
  fill(row, call);
  const next = all.find((one) => isBefore(call, one));
  if (next) next.before(row);
  else body.append(row);
}

function showWaiting() {
  for (const row of body.querySelectorAll("tr.left")) row.remove();
  for (const call of waiting.values()) insert(call);
  waiting.clear();
  more.hidden = true;
  regroup();
  const isEmpty = !rows().length;
  table.parentElement.hidden = isEmpty;
  document.getElementById("none").hidden = !isEmpty;
  if (rows().length > MOST_ROWS) location.reload();
}

function offerWaiting() {
  more.hidden = !waiting.size;
  more.textContent = waiting.size === 1 ? "1 new call ↑" : `${waiting.size} new calls ↑`;
}

more.addEventListener("click", () => {
  showWaiting();
  scrollTo({ top: 0 });
  const first = rows()[0];
  if (first) link(first).focus({ preventScroll: true });
});

// A call behind the last row of a full page is another page's.
const isOfThisPage = (call) => !document.querySelector("a[rel=next]") || !rows().length || isBefore(call, rows().at(-1));

function changed(call) {
  const row = rows().find((one) => one.dataset.id === call.session_id);
  if (row) fill(row, call), row.classList.remove("left");
  else if (isOfThisPage(call)) waiting.set(call.session_id, call);
}

function heard(calls) {
  const before = waiting.size;
  calls.forEach(changed);
  if (waiting.size > before) say(waiting.size);
  if (waiting.size && !isRead()) showWaiting();
  else offerWaiting();
}

// It is in the list no longer: its row stays, dimmed and still, while somebody is at the rows.
function gone({ session_id }) {
  waiting.delete(session_id);
  rows().find((one) => one.dataset.id === session_id)?.classList.add("gone", "left");
  offerWaiting();
  if (!isRead()) showWaiting();
}

// A list that begins, or begins anew. What is not in it, though it reaches further back, has left.
function snapshot({ calls }) {
  const ids = new Set(calls.map((call) => call.session_id));
  const last = calls.at(-1);
  for (const row of rows()) {
    if (!ids.has(row.dataset.id) && (!last || !isBefore(last, row))) gone({ session_id: row.dataset.id });
  }
  heard(calls);
}

let nextSaid = 0;

// At most one sentence in five seconds.
function say(count) {
  if (Date.now() < nextSaid) return;
  nextSaid = Date.now() + SAY_EVERY_MS;
  said.textContent = count === 1 ? "1 new call." : `${count} new calls.`;
}

const STATES = { live: "Live", lost: "Reconnecting…", off: "Paused", over: "Not live" };

function start(address) {
  const stream = follow(
    address,
    { snapshot, call: (call) => heard([call]), gone },
    (state) => {
      live.hidden = false;
      live.dataset.state = state;
      live.querySelector(".word").textContent = STATES[state];
    },
  );
  live.addEventListener("click", () => {
    const wanted = live.getAttribute("aria-pressed") !== "true";
    live.setAttribute("aria-pressed", wanted);
    stream.wanted = wanted;
  });
}

if (body) {
  regroup();
  document.addEventListener("zone", regroup);
  setInterval(() => countUp(body.querySelectorAll("tr.call:not(.left)")), 1000);
  if (table.dataset.follow) start(table.dataset.follow);
}
