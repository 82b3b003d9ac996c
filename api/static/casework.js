/* Small comforts of the inbox pages. Everything works without them but live change. */
"use strict";
(() => {
  const opened = new Map();

  /* What a person unfolded stays unfolded when a part of the page is replaced. */
  document.addEventListener("toggle", (event) => {
    const details = event.target;
    if (details.dataset && details.dataset.keep) opened.set(details.dataset.keep, details.open);
  }, true);

  const restore = () => {
    for (const details of document.querySelectorAll("details[data-keep]")) {
      const wanted = opened.get(details.dataset.keep);
      if (wanted !== undefined && details.open !== wanted) details.open = wanted;
    }
  };

  /* A form with something typed into it stays as it is: the words, and the version they answer. A part in which somebody
     types now is not replaced at all, nor one that no longer has a place for words that were typed. */
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form.decision");
    if (form) form.dataset.touched = "yes";
  });
  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const part = event.detail.target;
    if (!part.hasAttribute("data-typed")) return;
    /* Not form.id: a field of that name hides it. */
    const place = (form) => event.detail.fragment.querySelector("#" + CSS.escape(form.getAttribute("id")));
    const busy = [...part.querySelectorAll("form.decision[data-touched]")];
    const active = document.activeElement;
    const isUnderWay = part.querySelector("form.htmx-request") !== null;
    if (isUnderWay || (active && part.contains(active) && isTyping(active)) || busy.some((form) => !place(form))) {
      event.detail.shouldSwap = false;
      return;
    }
    for (const said of part.querySelectorAll("form.decision:not([data-touched]) .said")) {
      const form = place(said.closest("form"));
      if (form && !form.querySelector(".said")) form.querySelector("button").before(said.cloneNode(true));
    }
    for (const form of busy) place(form).replaceWith(form);
  });

  document.addEventListener("htmx:oobAfterSwap", restore);
  document.addEventListener("htmx:afterSettle", restore);

  const move = (step) => {
    const links = [...document.querySelectorAll("#rows a.row")];
    if (!links.length) return;
    const now = links.indexOf(document.activeElement);
    const next = now < 0 ? 0 : Math.min(links.length - 1, Math.max(0, now + step));
    links[next].focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && isTyping(event.target)) { event.target.blur(); return; }
    if (isTyping(event.target)) return;
    if (event.key === "/") {
      const search = document.getElementById("search");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "r") {
      const reply = document.querySelector(".reply textarea");
      if (reply) { event.preventDefault(); reply.focus(); }
    } else if (event.key === "u" && document.querySelector(".case")) {
      window.location.href = "/";
    }
  });

  /* On a narrow screen the filters begin folded. */
  if (window.matchMedia("(max-width: 760px)").matches) {
    for (const details of document.querySelectorAll("details.filter")) details.open = false;
  }

  const banner = document.getElementById("connection");
  const lost = (isLost) => { if (banner) banner.hidden = !isLost; };
  document.addEventListener("htmx:sseError", () => lost(true));
  document.addEventListener("htmx:sseOpen", () => lost(false));
  document.addEventListener("htmx:sendError", (event) => {
    lost(true);
    const form = event.target.closest && event.target.closest("form.decision");
    if (!form) return;
    let said = form.querySelector(".said");
    if (!said) {
      said = document.createElement("p");
      form.querySelector("button").before(said);
    }
    said.className = "said bad";
    said.setAttribute("role", "alert");
    said.textContent = "No connection. Your words are kept; send again, it is decided once.";
  });
})();
