// Keeps the log of a running attempt up to date: asks for what follows, adds the rows that our server rendered.
"use strict";

(() => {
  const log = document.getElementById("log");
  const status = document.getElementById("log-status");
  if (!log || !log.dataset.url) return;

  const MOST_NODES = 2000;
  const FASTEST = 1000, SLOWEST = 5000, AFTER_ERROR = 30000;
  const LOWEST = 320; // pixels
  const jump = document.getElementById("log-jump");
  const earlier = document.getElementById("log-earlier");
  const later = document.getElementById("log-later");
  const renewed = {};
  const ended = "ended" in log.dataset ? status.textContent : "This attempt has ended. The session goes on.";
  let after = Number(log.dataset.after), pause = FASTEST, timer = 0, isAsking = false, isOver = false;

  const say = (state, words) => {
    if (status.dataset.state !== state || status.textContent !== words) {
      status.dataset.state = state;
      status.textContent = words;
    }
  };
  const tell = (hasEnded) => say(hasEnded ? "ended" : "live", hasEnded ? ended : "Live");
  const isAtBottom = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const toBottom = () => {
    log.scrollTop = log.scrollHeight;
    jump.hidden = true;
  };

  // The box ends where the window ends, so that what is followed is in sight.
  const fit = () => {
    const top = log.getBoundingClientRect().top + window.scrollY;
    log.style.maxHeight = `${Math.max(LOWEST, window.innerHeight - top - 16)}px`;
  };

  const add = (event) => {
    const holder = document.createElement("template");
    holder.innerHTML = event.html;
    const row = holder.content.firstElementChild;
    const shown = document.getElementById(event.id);
    if (shown && log.contains(shown)) {
      const old = shown.querySelector("details"), now = row.querySelector("details");
      if (old && now) now.open = now.open || old.open;
      shown.replaceWith(row);
    } else {
      log.append(row);
    }
  };

  // The head of the page, from the badge to the figures, goes with what the log tells.
  const renew = (head) => {
    for (const [id, html] of Object.entries(head)) {
      const place = document.getElementById(id);
      if (renewed[id] !== html) place.innerHTML = renewed[id] = html;
    }
  };

  const trim = () => {
    const rows = log.getElementsByClassName("event");
    if (rows.length <= MOST_NODES) return;
    while (rows.length > MOST_NODES) rows[0].remove();
    const page = new URL(log.dataset.page, location.href);
    const [number, part] = rows[0].id.slice(1).split("-").map(Number);
    page.searchParams.set("before", part ? number + 1 : number);
    earlier.querySelector("a").href = page.href;
    earlier.hidden = false;
  };

  const show = (events) => {
    if (!events.length) return;
    const follows = isAtBottom();
    log.querySelector(".log-empty")?.remove();
    events.forEach(add);
    trim();
    if (follows) toBottom();
    else jump.hidden = false;
  };

  const stop = (words) => {
    isOver = true;
    clearTimeout(timer);
    say("over", words);
  };

  const finish = (answer) => {
    if (answer.later) {
      later.querySelector("a").href = answer.later.url;
      document.getElementById("log-later-number").textContent = answer.later.number;
      later.hidden = false;
    }
    stop(answer.later ? `Finished. Attempt ${answer.later.number} has started.` : "Finished.");
  };

  const take = (answer) => {
    renew(answer.head);
    show(answer.events);
    const isNews = answer.next !== after || answer.events.length > 0;
    after = answer.next;
    if (answer.ended) {
      log.querySelectorAll(".status.open").forEach((open) => { open.lastChild.textContent = " no result"; });
    }
    if (answer.done) return finish(answer);
    pause = isNews ? FASTEST : Math.min(SLOWEST, pause * 1.5);
    if (!document.hidden) tell(answer.ended);
    return plan(pause);
  };

  const REFUSALS = {
    400: "This log cannot be continued. Reload the page.",
    403: "You may no longer see this log.",
    404: "This log is no longer there, or you may no longer see it.",
  };

  const ask = async () => {
    if (isAsking || isOver || document.hidden) return;
    isAsking = true;
    try {
      const url = new URL(log.dataset.url, location.href);
      url.searchParams.set("after", after);
      const response = await fetch(url, { redirect: "manual", credentials: "same-origin", headers: { Accept: "application/json" } });
      if (response.type === "opaqueredirect") return stop("You are signed out. Reload the page to sign in again.");
      if (response.status in REFUSALS) return stop(REFUSALS[response.status]);
      if (response.status === 503) {
        say("lost", (await response.json()).detail);
        return plan(AFTER_ERROR);
      }
      if (!response.ok) throw new Error(String(response.status));
      take(await response.json());
    } catch (error) {
      say("lost", "Reconnecting …");
      plan(AFTER_ERROR);
    } finally {
      isAsking = false;
    }
  };

  function plan(milliseconds) {
    clearTimeout(timer);
    if (!isOver) timer = setTimeout(ask, milliseconds);
  }

  if ("done" in log.dataset) return;
  log.classList.add("is-live");
  log.tabIndex = 0;
  fit();
  window.addEventListener("resize", fit);
  if (!location.hash) toBottom();
  jump.addEventListener("click", () => { toBottom(); log.focus(); });
  log.addEventListener("scroll", () => { if (isAtBottom()) jump.hidden = true; });
  document.addEventListener("visibilitychange", () => {
    if (isOver) return;
    clearTimeout(timer);
    if (document.hidden) say("paused", "Paused while this tab is hidden.");
    else ask();
  });
  tell("ended" in log.dataset);
  plan(FASTEST);
})();
