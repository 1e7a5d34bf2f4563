// The first call is shown as soon as it comes.

import { follow } from "./follow.js";

const waiting = document.getElementById("waiting");

function comes(call) {
  if (call) location.reload();
}

follow(
  "/v1/follow",
  { snapshot: ({ calls }) => comes(calls[0]), call: comes },
  (state) => { waiting.hidden = state !== "live"; },
);
