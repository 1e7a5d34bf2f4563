// What every page does: times in the viewer's zone, and a word when its log-in has ended.

const UTC = "UTC";
const OWN = Intl.DateTimeFormat().resolvedOptions().timeZone || UTC;
const FORMS = {
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  day: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  moment: {
    weekday: "short", day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  },
  fine: { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" },
  hour: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  full: { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" },
};

let formats = {};
let zone = UTC;

function inZone(name) {
  zone = name;
  formats = {};
  for (const [form, options] of Object.entries(FORMS)) {
    formats[form] = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
  }
  formats.date = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: zone });
}

// The day on which a time lies in the viewer's zone, as 2026-11-23.
export const dayOf = (date) => formats.date.format(date);

export function dayName(date) {
  const days = { [dayOf(new Date())]: "Today", [dayOf(new Date(Date.now() - 864e5))]: "Yesterday" };
  const name = formats.day.format(date);
  const near = days[dayOf(date)];
  return near ? `${near}, ${name}` : name;
}

// As `minutes` of wording.py.
export function duration(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const s = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

// Says each `time` below `root` in the viewer's zone.
export function sayTimes(root = document) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const date = new Date(time.dateTime);
    const form = time.dataset.form ?? "clock";
    time.textContent = form === "day" ? dayName(date) : formats[form].format(date);
    if (form === "clock") time.title = formats.full.format(date);
  }
  for (const text of root.querySelectorAll("text[data-at]")) {
    text.textContent = formats.hour.format(new Date(text.dataset.at));
  }
}

function stored() {
  try { return localStorage.getItem("zone"); } catch { return null; }
}

function store(name) {
  try { localStorage.setItem("zone", name); } catch { /* a browser that keeps nothing: for this page only */ }
}

function offerZones() {
  const place = document.getElementById("zone");
  if (!place) return;
  if (OWN === UTC) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  const say = () => {
    place.textContent = `All times ${zone === UTC ? UTC : zone.replaceAll("_", " ")} `;
    button.textContent = zone === UTC ? "Show mine" : "Show UTC";
    place.append(button);
  };
  button.addEventListener("click", () => {
    inZone(zone === UTC ? OWN : UTC);
    store(zone === UTC ? UTC : "own");
    say();
    sayTimes();
    document.dispatchEvent(new Event("zone"));
    button.focus();
  });
  say();
}

// Shows that nobody is logged in any more, with the way back to here.
export function loggedOut() {
  const notice = document.getElementById("logged-out");
  const here = location.pathname + location.search + location.hash;
  notice.querySelector("a").href = `/login?${new URLSearchParams({ next: here })}`;
  notice.hidden = false;
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const code = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch { // without HTTPS there is no clipboard: what is selected can be copied by hand
      getSelection().selectAllChildren(code);
    }
  });
}

document.documentElement.classList.add("scripted");
inZone(stored() === UTC ? UTC : OWN);
sayTimes();
offerZones();
