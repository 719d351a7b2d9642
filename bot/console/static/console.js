// Keeps an open page up to date. Everything else works without it.
"use strict";

(() => {
  for (const each of document.querySelectorAll(".keys")) each.hidden = false;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.target.tagName !== "TEXTAREA") return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });

  const live = document.body.dataset.live;
  if (!live) return;

  const hasFocus = (element) => element.contains(document.activeElement);

  // Replaces a post. Who has the focus in it keeps it, on the same control or else on the post.
  function replace(old, fresh) {
    const focused = hasFocus(old) && document.activeElement;
    old.replaceWith(fresh);
    if (!focused) return;
    const same = [...fresh.querySelectorAll("a, button, summary")].find((each) => each.textContent === focused.textContent);
    if (!same) fresh.tabIndex = -1;
    (same ?? fresh).focus({ preventScroll: true });
  }

  // Makes a list of posts like the fresh one, post by post, so that what is typed beside them stays.
  function follow(old, fresh, news) {
    const gone = new Set([...old.children].map((each) => each.id));
    let before = null;
    for (const theirs of [...fresh.children]) {
      gone.delete(theirs.id);
      let ours = old.querySelector(`:scope > [id="${theirs.id}"]`);
      if (!ours) {
        if (theirs.querySelector("#newest")) document.getElementById("newest")?.remove();
        ours = document.adoptNode(theirs);
        before ? before.after(ours) : old.prepend(ours);
        news.push(ours.querySelector(".post").dataset.news);
      } else {
        const [was, is] = [ours, theirs].map((each) => each.querySelector(":scope > .post"));
        if (was.dataset.version !== is.dataset.version) {
          news.push(is.dataset.news);
          replace(was, is);
        }
        follow(ours.querySelector(":scope > .replies"), theirs.querySelector(":scope > .replies"), news);
      }
      before = ours;
    }
    for (const id of gone) old.querySelector(`:scope > [id="${id}"]`).remove();
  }

  // Offers a way to the newest message while it is out of sight.
  function pointBelow() {
    const [newest, link] = ["newest", "below"].map((id) => document.getElementById(id));
    if (!link) return;
    const floor = Math.min(innerHeight, document.getElementById("composer").getBoundingClientRect().top);
    link.hidden = !newest || newest.getBoundingClientRect().top < floor;
  }

  function show(page) {
    const news = [];
    const [posts, fresh] = [document, page].map((each) => each.getElementById("posts"));
    if (posts && fresh) follow(posts, fresh, news);
    for (const part of page.querySelectorAll("[data-part]")) {
      const old = document.getElementById(part.id);
      if (!old || hasFocus(old) || old.innerHTML === part.innerHTML) continue;
      const chosen = old.value; // of a select: new options would choose the last one
      old.replaceChildren(...part.childNodes);
      if (chosen !== undefined) old.value = chosen;
    }
    pointBelow();
    if (news.length) document.getElementById("news").textContent = news.slice(-3).join(" ");
  }

  let looking = false;
  let again = false;

  async function look() {
    again = looking;
    if (looking) return;
    looking = true;
    try {
      const response = await fetch(location.pathname + location.search);
      if (response.ok) show(new DOMParser().parseFromString(await response.text(), "text/html"));
    } catch {
      // The server is away; the stream comes back with it, and we look then.
    } finally {
      looking = false;
    }
    if (again) look();
  }

  // A browser keeps few connections to one place: only the pages that somebody sees hold one.
  let stream = null;

  function listen() {
    if (document.hidden) {
      stream?.close();
      stream = null;
    } else if (!stream) {
      stream = new EventSource(live);
      stream.addEventListener("open", look);
      stream.addEventListener("look", look);
    }
  }

  addEventListener("scroll", pointBelow, { capture: true, passive: true });
  document.addEventListener("visibilitychange", listen);
  addEventListener("pageshow", listen);
  setInterval(() => document.hidden || look(), 60_000); // the clock goes on
  listen();
  pointBelow();
})();
