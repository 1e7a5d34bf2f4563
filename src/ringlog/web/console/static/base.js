// What every page does: its log-in may end while it is open.

export function loggedOut() {
  const notice = document.getElementById("logged-out");
  const here = location.pathname + location.search + location.hash;
  notice.querySelector("a").href = "/login?" + new URLSearchParams({ next: here });
  notice.hidden = false;
}
