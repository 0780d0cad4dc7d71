// What scripts add to pages that work without them: copying text, closing menus, asking before something is taken away.
"use strict";
document.documentElement.classList.add("scripted");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    const source = document.getElementById(button.dataset.copy);
    if (!source) return;
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      const selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => { button.textContent = said; }, 2000);
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const opener = event.target.closest("[data-open-all]");
  if (opener) {
    const within = document.getElementById(opener.dataset.openAll);
    const parts = within.querySelectorAll("details");
    const open = [...parts].some((part) => !part.open);
    for (const part of parts) part.open = open;
    opener.textContent = open ? "Close all" : "Open all";
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("submit", (event) => {
  const ask = event.target.dataset.confirm;
  if (ask && !window.confirm(ask)) event.preventDefault();
  const menu = event.target.closest("details.menu");
  if (menu) menu.open = false;
});

// Why a form did not work is shown where its answer would be. What looks again by itself stays as it is, and looks again.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400 && event.detail.requestConfig.verb === "post") event.detail.shouldSwap = true;
});
document.addEventListener("htmx:sendError", (event) => {
  if (event.detail.requestConfig.verb !== "post") return;
  const notice = document.createElement("p");
  notice.className = "notice fail";
  notice.setAttribute("role", "alert");
  notice.textContent = "The server cannot be reached. Try again in a minute.";
  event.detail.target.replaceChildren(notice);
});

// A link to a check inside closed parts opens them.
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let part = target && target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  if (target) target.scrollIntoView();
}
window.addEventListener("hashchange", openTarget);
openTarget();
