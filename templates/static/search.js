// Suggests how a question may go on. Everything works without it.
"use strict";

const asked = document.querySelector("[data-suggest]");
const list = document.getElementById(asked.getAttribute("list"));
let waiting = 0;
let last = "";

async function suggest() {
  const typed = asked.value.trim();
  if (typed.length < 3 || typed === last) return;
  last = typed;
  const answer = await fetch(`${asked.dataset.suggest}?${new URLSearchParams({ q: typed })}`).catch(() => null);
  if (!answer?.ok || typed !== last) return;
  const { suggestions } = await answer.json();
  const texts = new Set(suggestions.map((each) => each.text));
  list.replaceChildren(...[...texts].map((text) => Object.assign(document.createElement("option"), { value: text })));
}

asked.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(suggest, 200);
});
