/* Fields that search as one types (select2) hide the list that their label belongs to; what they show instead takes its name. */
new MutationObserver(() => {
  document.querySelectorAll(".select2-selection__rendered:not([aria-label])").forEach((shown) => {
    const label = document.querySelector(`label[for="${shown.id.replace(/^select2-|-container$/g, "")}"]`);
    if (label) shown.setAttribute("aria-label", label.firstChild.textContent.trim());
  });
}).observe(document.documentElement, { childList: true, subtree: true });
