// Swagger UI has colours of its own for dark pages: they follow the theme that was chosen on the other pages.
"use strict";
(function () {
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  function follow() {
    const chosen = localStorage.getItem("theme");
    const isDark = chosen === "dark" || (chosen !== "light" && prefersDark.matches);
    document.documentElement.classList.toggle("dark-mode", isDark);
  }
  prefersDark.addEventListener("change", follow);
  window.addEventListener("storage", follow);
  new MutationObserver(follow).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  follow();
})();
