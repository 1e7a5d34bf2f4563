// A running call: its rows as they come, its figures as they count.

import { duration } from "./base.js";
import { follow } from "./follow.js";
import { paced } from "./refresh.js";

const SAY_MS = 5000;
const NEW_MS = 2000;
const element = (id) => document.getElementById(id);
const call = element("call");

let stream = null;
let following = false;
let counted = { us: 0, at: 0 };

export function live() {
  if (!("running" in call.dataset)) return;
  take();
  setInterval(count, 1000);
  document.addEventListener("refreshed", take);
  document.addEventListener("click", (event) => event.target.closest("#follow") && toggle());
  element("unseen").addEventListener("click", toEnd);
  addEventListener("scroll", () => atEnd() && seen(), { passive: true });
  element("follow").hidden = false;
  toggle();
}

// Follows, or stops following.
export function toggle() {
  if (!element("follow")) return;
  following = !following;
  if (stream) stream.wanted = following;
  else stream = follow(behind, { call: soon, entry: soon, end }, state);
}

// What the page shows need not be told again.
function behind() {
  const latest = call.dataset.latest;
  return latest < 0 ? call.dataset.follow : `${call.dataset.follow}?after=${latest}`;
}

const soon = paced(arrived);

function end() {
  stream.close();
  following = false;
  soon();
}

const WORDS = { live: "Following", lost: "Reconnecting…", off: "Follow", over: "Not following" };

function state(what) {
  call.classList.toggle("lost", what === "lost");
  if (what === "over") following = false;
  if (what === "live" || what === "over") soon();
  const button = element("follow");
  button?.setAttribute("aria-pressed", String(following));
  if (button) button.querySelector(".word").textContent = WORDS[what];
}

// -- what came --------------------------------------------------------------------------------------

let kept = false; // the end was in view when the last rows came
let unseen = 0;

function arrived(rows) {
  const entries = rows.filter((row) => row.id.startsWith("e"));
  for (const row of entries) {
    row.classList.add("new");
    setTimeout(() => row.classList.remove("new"), NEW_MS);
  }
  if (kept) toEnd();
  else if (entries.length) missed(entries.length);
  const error = entries.find((row) => row.classList.contains("c-error"));
  if (!("running" in call.dataset)) ended();
  else if (error) say(`Error at ${words(error, ".at").replace("error, ", "")}: ${words(error, ".text")}`, true);
  else if (entries.length) say(sentence(entries));
}

function sentence(entries) {
  const last = words(entries.at(-1), ".text");
  return entries.length === 1
    ? `New at ${words(entries[0], ".at").replace(/^\w+, /, "")}: ${last}`
    : `${entries.length} new entries, the last: ${last}`;
}

const words = (row, part) => row.querySelector(part).textContent.trim().slice(0, 200);

let ending = false;

function ended() {
  if (ending) return;
  ending = true;
  const facts = [...document.querySelectorAll("#facts dd")].map((fact) => fact.textContent.trim());
  const how = [...document.querySelectorAll("#facts dt")].findIndex((name) => name.textContent === "Ended");
  say(`Call ended after ${facts[1]}, ${facts[how]}.`, true);
}

const atEnd = () => element("end").getBoundingClientRect().top < innerHeight + 48;

function toEnd() {
  element("end").scrollIntoView({ block: "end" });
  seen();
}

function seen() {
  unseen = 0;
  element("unseen").hidden = true;
}

function missed(count) {
  unseen += count;
  element("unseen").textContent = `${unseen} new ${unseen === 1 ? "entry" : "entries"} ↓`;
  element("unseen").hidden = false;
}

addEventListener("scroll", () => { kept = atEnd(); }, { passive: true });
kept = atEnd();

let said = -SAY_MS;

function say(text, atOnce = false) {
  if (!atOnce && performance.now() - said < SAY_MS) return;
  said = performance.now();
  element("said").textContent = text;
}

// -- what counts ------------------------------------------------------------------------------------

function take() {
  counted = { us: Number(call.dataset.elapsed), at: performance.now() };
  count();
}

function count() {
  if (!("running" in call.dataset) || call.classList.contains("lost")) return;
  const us = counted.us + 1000 * (performance.now() - counted.at);
  for (const one of document.querySelectorAll("[data-counts]")) {
    const text = one.dataset.counts === "tenths" ? tenths(us) : duration((us + Number(call.dataset.ahead)) / 1e6);
    if (one.textContent !== text) one.textContent = text;
  }
  stretch(us);
}

function stretch(us) {
  const fall = element("fall");
  if (!fall) return;
  const x = (100 * us) / Number(fall.dataset.scale);
  if (x > 99) {
    if (following) soon();
    return;
  }
  for (const bar of fall.querySelectorAll("[data-from]")) {
    bar.setAttribute("width", `${Math.max(x - Number(bar.dataset.from), 0)}%`);
  }
  for (const now of fall.querySelectorAll(".now, .nowtext")) {
    for (const name of ["x", "x1", "x2"]) if (now.hasAttribute(name)) now.setAttribute(name, `${x}%`);
  }
}

const tenths = (us) => `${duration(us / 1e6)}.${Math.floor(us / 1e5) % 10}`;
