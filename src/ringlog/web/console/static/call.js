// The page of one call. Without this file it works as well, a page load at a time.

import { copy, keys } from "./keys.js";
import { live } from "./live.js";
import { refresh } from "./refresh.js";

live();
keys();

// A filter works at once, and is in the address.
document.addEventListener("change", (event) => event.target.form?.id === "filters" && filter(event.target.form));
document.addEventListener("submit", (event) => {
  if (event.target.id !== "filters") return;
  event.preventDefault();
  filter(event.target);
});

function filter(form) {
  const wanted = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  if (form.querySelectorAll("[name=class]:not(:checked)").length === 0) wanted.delete("class");
  const query = wanted.toString();
  show(query ? `?${query}` : location.pathname);
}

// A loop opens where it stands.
document.addEventListener("click", (event) => {
  const fold = event.target.closest("[data-opens]");
  if (!fold || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(fold.getAttribute("href").split("#")[0], fold.hash.slice(1));
});

async function show(address, focus = "") {
  history.replaceState(null, "", address);
  await refresh();
  document.getElementById(focus)?.querySelector("summary")?.focus({ preventScroll: true });
}

// An address whose entry is on another page, or in a loop that is folded.
function pointed() {
  const [, arrival] = /^#e(\d+)$/.exec(location.hash) ?? [];
  const asked = new URLSearchParams(location.search).get("at");
  if (!arrival) return;
  if (document.getElementById(`e${arrival}`)) document.querySelector(`#e${arrival} > details`).open = true;
  else if (asked !== arrival) location.replace(`?at=${arrival}#e${arrival}`);
}
pointed();
addEventListener("hashchange", pointed);

// The command stays to be seen, so it can be copied by hand where the browser does not allow it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest(".curl summary");
  if (!button || button.parentElement.open) return;
  if (await copy(button.nextElementSibling.textContent)) button.textContent = "Copied";
});

// Back to the list as it was left, with its filters and where it stood.
const before = history.length;
const crumb = document.querySelector(".crumb");
const list = document.referrer && new URL(document.referrer);
if (list && list.origin === location.origin && list.pathname === "/calls") {
  crumb.href = list.href;
  crumb.addEventListener("click", (event) => {
    if (before < 2 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.go(before - history.length - 1);
  });
}
