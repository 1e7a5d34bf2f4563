// The timeline by keyboard.

import { toggle } from "./live.js";

const ROWS = "#rows > li > details > summary, #rows > li > a.row";
const here = () => document.activeElement.closest("#rows > li");

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  e: nextError,
  f: toggle,
  y: () => copy(here()?.querySelector(".perm")?.href ?? location.href),
  Escape: () => document.querySelector(".crumb").click(),
};

export function keys() {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("select, textarea, input:not([type=checkbox])");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
  });
}

function move(by) {
  const rows = [...document.querySelectorAll(ROWS)];
  const at = rows.findIndex((row) => row.parentElement.closest("#rows > li") === here());
  rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
}

function nextError() {
  const errors = [...document.querySelectorAll("#rows > .c-error")];
  const after = errors.find((row) => here() && here().compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING);
  const next = after ?? errors[0];
  if (!next) return document.querySelector(".verdict .first a")?.click();
  next.querySelector("details").open = true;
  next.querySelector("summary").focus();
  next.scrollIntoView({ block: "center" });
}

// Where the browser forbids it (no TLS), nothing is copied and false returned.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return false;
  }
  document.getElementById("said").textContent = "Copied.";
  return true;
}
