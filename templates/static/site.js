// Copying a citation, and the visitor's own time zone for the small sign-up form. Everything works without it.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  const from = document.getElementById(button.dataset.copy);
  const said = button.textContent;
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(from.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(from);
      button.textContent = "Selected: copy it with your keyboard";
    }
    setTimeout(() => {
      button.textContent = said;
    }, 4000);
  });
}

for (const field of document.querySelectorAll("input[data-own-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  // The places the form knows; anything else is left to the site's own zone.
  if (/^(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)\//.test(zone)) {
    field.value = zone;
    field.disabled = false;
  }
}
