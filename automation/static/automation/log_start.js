// Waits on a log page for the first attempt: looks at the page again, and shows it whole once it has a log.
"use strict";

(() => {
  const status = document.getElementById("log-waiting");
  if (!status) return;

  const PAUSE = 5000, AFTER_ERROR = 30000;
  let timer = 0, isOver = false;

  const stop = (words) => {
    isOver = true;
    status.textContent = words;
  };

  const look = async () => {
    if (isOver || document.hidden) return;
    let pause = PAUSE;
    try {
      const response = await fetch(location.href, { redirect: "manual", credentials: "same-origin" });
      if (response.type === "opaqueredirect") return stop("You are signed out. Reload the page to sign in again.");
      if (response.status === 403 || response.status === 404) return stop("You may no longer see this session.");
      if (!response.ok) throw new Error(String(response.status));
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      if (page.getElementById("log")) return location.reload();
    } catch (error) {
      pause = AFTER_ERROR;
    }
    clearTimeout(timer);
    timer = setTimeout(look, pause);
  };

  timer = setTimeout(look, PAUSE);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) look();
  });
})();
