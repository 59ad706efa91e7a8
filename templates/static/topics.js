// Narrows the topics down while words are typed, and counts what is chosen. Everything works without it.
"use strict";

for (const fold of document.querySelectorAll("[data-topics]")) {
  const find = fold.querySelector("[data-find]");
  const found = fold.querySelector("[data-found]");
  const count = fold.querySelector("[data-count]");
  const untouched = count.textContent;
  const topics = [...fold.querySelectorAll("[data-words]")];
  const branches = [...fold.querySelectorAll("[data-branch]")];
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  const filter = () => {
    const words = plain(find.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const topic of topics) {
      const has = plain(topic.dataset.words);
      const hit = words.every((word) => has.includes(word));
      topic.hidden = !hit;
      shown += hit ? 1 : 0;
    }
    for (const branch of branches) {
      branch.hidden = !branch.querySelector("[data-words]:not([hidden])");
      branch.open = words.length > 0;
    }
    found.textContent = words.length ? `${shown} of ${topics.length} topics` : "";
  };

  const tally = () => {
    const chosen = fold.querySelectorAll("input:checked").length;
    count.textContent = chosen ? `${chosen} chosen` : untouched.startsWith("none") ? untouched : "none chosen";
    for (const branch of branches) {
      const all = branch.querySelectorAll("input").length;
      const here = branch.querySelectorAll("input:checked").length;
      branch.querySelector("[data-here]").textContent = here ? `${here} of ${all}` : `${all}`;
    }
  };

  // What the server narrowed down stays as it is until something is typed.
  fold.querySelector("[data-unneeded]").hidden = !find.value;
  find.addEventListener("input", filter);
  find.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && fold.querySelector("[data-unneeded]").hidden) event.preventDefault();
  });
  // Words that only narrowed the list down are no search of their own when something else is pressed.
  find.form.addEventListener("submit", (event) => {
    if (event.submitter?.value !== "find") find.value = "";
  });
  fold.addEventListener("change", tally);
  tally();
}

// The line that sums up day and hour follows what is chosen.
for (const when of document.querySelectorAll("[data-when]")) {
  const fold = when.closest("details");
  fold.addEventListener("change", () => {
    const [day, hour] = ["weekday", "hour"].map((name) => fold.querySelector(`[name=${name}]`).selectedOptions[0].text);
    when.textContent = `${day}, ${hour}`;
  });
}

// The visitor's own time zone, where the list has it and nothing was chosen by hand.
for (const zones of document.querySelectorAll("select[data-time-zone]")) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const given = zones.querySelector("option[selected]");
  const option = [...zones.options].find((each) => each.value === own);
  if (option && !zones.closest("form").querySelector("[aria-invalid]")) {
    if (given) given.defaultSelected = false;
    option.selected = true;
  }
}
