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

let search = location.search;

async function show(address, focus = "") {
  if (address !== location.href) history.pushState(null, "", address);
  search = location.search;
  await refresh();
  document.getElementById(focus)?.querySelector("summary")?.focus({ preventScroll: true });
}

// Back and forth between filters; a link within the page changes no more than where one looks.
addEventListener("popstate", () => location.search !== search && show(location.href));

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
