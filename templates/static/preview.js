// Shows the preview beside the form without leaving the page. Everything works without it.
"use strict";

for (const button of document.querySelectorAll("[data-preview]")) {
  const target = document.getElementById("preview");
  if (!target) continue;
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    const path = button.formAction.split("#")[0];
    target.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(path, { method: "POST", body: new URLSearchParams(new FormData(button.form, button)) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("preview");
      if (!answer.ok || !fresh) throw new Error(String(answer.status));
      target.replaceChildren(...fresh.childNodes);
      target.focus();
    } catch {
      // The page that comes then says what is the matter.
      button.replaceWith(button.cloneNode(true));
      document.querySelector("[data-preview]").click();
    } finally {
      target.removeAttribute("aria-busy");
    }
  });
}
