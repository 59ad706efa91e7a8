// Makes the list of topics searchable and counts what is chosen. Everything works without it.
"use strict";

for (const fold of document.querySelectorAll("[data-topics]")) {
  const find = fold.querySelector("[data-find]");
  const found = fold.querySelector("[data-found]");
  const count = fold.querySelector("[data-count]");
  const untouched = count.textContent;
  const topics = [...fold.querySelectorAll("[data-words]")];
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
    for (const group of fold.querySelectorAll("fieldset")) {
      group.hidden = !group.querySelector("[data-words]:not([hidden])");
    }
    found.textContent = words.length ? `${shown} of ${topics.length} topics` : "";
  };

  const tally = () => {
    const chosen = fold.querySelectorAll("input:checked").length;
    count.textContent = chosen ? `${chosen} chosen` : untouched.startsWith("none") ? untouched : "none chosen";
  };

  find.closest("[hidden]").hidden = false;
  find.addEventListener("input", filter);
  find.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
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
