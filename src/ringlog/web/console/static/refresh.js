// The page of a call, fetched anew and laid over the one that is shown. Rows are made in one place: the server.

import { loggedOut, sayTimes } from "./base.js";
import { morph } from "./morph.js";

const REST_MS = 300;
const SHARE = 4; // rests at least so many times as long as the last one took

let asked = 0;

// Lays the page at `address` over this one; returns the rows that came, or null where there is none.
export async function refresh(address = location.href) {
  const mine = ++asked;
  const answer = await fetch(address, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (answer.redirected && new URL(answer.url).pathname === "/login") {
    loggedOut();
    return null;
  }
  if (!answer.ok) return null;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const call = fresh.getElementById("call");
  if (!call || mine !== asked) return null; // a later one says more
  document.title = fresh.title;
  sayTimes(call);
  const added = morph(document.getElementById("call"), call);
  document.dispatchEvent(new CustomEvent("refreshed", { detail: added }));
  return added.filter((row) => row.parentElement?.id === "rows");
}

// However often it is asked, it works at its own pace; `done` is given the rows that came.
export function paced(done) {
  let busy = false;
  let again = false;
  return async function soon() {
    again = true;
    if (busy) return;
    busy = true;
    while (again) {
      again = false;
      const begun = performance.now();
      try {
        const rows = await refresh();
        if (rows) done(rows);
      } catch {
        // The stream says that the connection is lost, and asks again.
      }
      const took = performance.now() - begun;
      await new Promise((resolve) => setTimeout(resolve, Math.max(REST_MS, SHARE * took)));
    }
    busy = false;
  };
}
