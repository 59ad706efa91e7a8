// Light, dark, or as the system has it; kept in this browser alone. Runs before the page is drawn, so nothing flashes.
"use strict";

{
  const NAMES = { system: "as the system", light: "light", dark: "dark" };
  const KEY = "paper-round-theme";
  const root = document.documentElement;
  const read = () => {
    try {
      return localStorage.getItem(KEY) in NAMES ? localStorage.getItem(KEY) : "system";
    } catch {
      return "system"; // storage is switched off
    }
  };
  const show = (theme) => {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
  };
  let theme = read();
  show(theme);

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-button]");
    if (!button) return;
    const name = () => {
      button.textContent = `Colours: ${NAMES[theme]}`;
    };
    button.closest("[hidden]").hidden = false;
    name();
    button.addEventListener("click", () => {
      const all = Object.keys(NAMES);
      theme = all[(all.indexOf(theme) + 1) % all.length];
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // It then holds for this page.
      }
      show(theme);
      name();
    });
  });
}
