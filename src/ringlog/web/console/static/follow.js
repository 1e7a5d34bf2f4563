// One stream of server-sent events, for a page that somebody looks at: a hidden tab closes its own, since a
// browser allows six connections a host.

import { loggedOut } from "./base.js";

// `address` may be a function, asked at each opening. `heard` holds a function for each event's name, `state` is told "live", "lost", "off" or "over".
export function follow(address, heard, state) {
  let source = null;
  let wanted = true;
  const place = () => (typeof address === "function" ? address() : address);

  function open() {
    if (source || !wanted || document.hidden) return;
    source = new EventSource(place());
    source.onopen = () => state("live");
    source.onerror = lost;
    for (const [name, hear] of Object.entries(heard)) {
      source.addEventListener(name, (event) => hear(JSON.parse(event.data), event));
    }
  }

  function close() {
    source?.close();
    source = null;
  }

  // A browser tries again by itself, but not after an answer that is no stream.
  async function lost() {
    if (source.readyState === EventSource.CLOSED) {
      close();
      const status = await statusOf(place());
      if (status === 401) return loggedOut(), state("over");
      if (status === 204 || status === 404) return state("over");
      setTimeout(open, 5000);
    }
    state("lost");
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();

  return {
    set wanted(value) {
      wanted = value;
      if (wanted) open();
      else close(), state("off");
    },
    close() {
      wanted = false;
      close();
    },
  };
}

async function statusOf(address) {
  const aborted = new AbortController();
  try {
    const answer = await fetch(address, { signal: aborted.signal });
    return answer.status;
  } catch {
    return 0;
  } finally {
    aborted.abort();
  }
}
