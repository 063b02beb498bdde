// Runs the checks one after another and puts each card that the server renders in the place of the old one.
"use strict";

(() => {
  const list = document.getElementById("link-checks");
  const status = document.getElementById("check-status");
  if (!list) return;
  let isRunning = false;

  async function check(card) {
    const form = card.querySelector("form");
    const badge = card.querySelector(".state .badge");
    card.setAttribute("aria-busy", "true");
    if (badge) badge.textContent = "◔ Checking";
    status.textContent = `Checking: ${card.dataset.check}`;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { "X-Requested-With": "fetch" },
        redirect: "error",
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(card.id);
      const hadFocus = card.contains(document.activeElement);
      card.replaceWith(fresh);
      if (hadFocus) fresh.querySelector("button").focus();
      status.textContent = `${fresh.dataset.check}: ${fresh.dataset.word}`;
      return true;
    } catch {
      form.submit(); // the server then says what is wrong
      return false;
    }
  }

  async function run(cards) {
    if (isRunning) return;
    isRunning = true;
    for (const card of cards) {
      if (!(await check(card))) break;
    }
    isRunning = false;
  }

  const all = () => [...list.querySelectorAll(".link-check")];

  list.addEventListener("submit", (event) => {
    const card = event.target.closest(".link-check");
    if (!event.target.matches(".head form")) return;
    event.preventDefault();
    run([card]);
  });
  document.getElementById("run-all").addEventListener("submit", (event) => {
    event.preventDefault();
    run(all());
  });
  run(all().filter((card) => card.dataset.state === "waiting"));
})();
