"use strict";
// Everything that moves in a report. Data is only ever cloned from templates or set as text, never parsed as markup.
(() => {
  const root = document.documentElement;
  const query = new URLSearchParams(location.search);

  // Colours: as the system, light, dark. ?theme=dark fixes them for a screenshot.
  const themes = ["", "light", "dark"];
  const themeButton = document.getElementById("theme");
  let theme = query.get("theme") || "";
  try { theme = theme || localStorage.getItem("audio-reasoner-theme") || ""; } catch { /* storage may be forbidden for files */ }
  const applyTheme = () => {
    root.style.colorScheme = theme || "";
    themeButton.textContent = theme === "dark" ? "●" : theme === "light" ? "○" : "◐";
    themeButton.setAttribute("aria-label", "Colours: " + (theme || "as the system"));
    themeButton.title = themeButton.getAttribute("aria-label");
  };
  themeButton.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    try { localStorage.setItem("audio-reasoner-theme", theme); } catch { /* as above */ }
    applyTheme();
  });
  applyTheme();

  // The chapter in view is marked in the navigation.
  const links = [...document.querySelectorAll("nav a")];
  if ("IntersectionObserver" in window) {
    const seen = new IntersectionObserver((entries) => {
      for (const e of entries) {
        if (!e.isIntersecting) continue;
        for (const a of links) {
          if (a.hash === "#" + e.target.id) a.setAttribute("aria-current", "true");
          else a.removeAttribute("aria-current");
        }
      }
    }, { rootMargin: "-20% 0px -70% 0px" });
    document.querySelectorAll(".chapter").forEach((c) => seen.observe(c));
  }

  // A data URI becomes a blob, which every browser can seek in.
  const blobUrl = (uri) => {
    const comma = uri.indexOf(",");
    const mime = uri.slice(5, uri.indexOf(";"));
    const raw = atob(uri.slice(comma + 1));
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return URL.createObjectURL(new Blob([bytes], { type: mime }));
  };

  // Player: one cursor over waveform, spectrogram and lanes. Returns a function that frees the sound.
  const startPlayer = (figure) => {
    const audio = figure.querySelector("audio");
    const strip = figure.querySelector(".strip");
    if (!audio) return () => {};
    const url = blobUrl(audio.dataset.src);
    audio.removeAttribute("data-src");
    audio.src = url;
    // The element lets go of the sound before its address is withdrawn; otherwise a quick step logs an error.
    const release = () => { audio.pause(); audio.removeAttribute("src"); audio.load(); URL.revokeObjectURL(url); };
    if (!strip) return release;
    const duration = Number(figure.dataset.duration);
    const cursor = strip.querySelector(".cursor");
    const spans = [...strip.querySelectorAll(".span")].map((s) => [s, Number(s.dataset.start), Number(s.dataset.end)]);
    let frame = 0;
    const show = () => {
      const t = Math.min(audio.currentTime, duration);
      cursor.style.left = (100 * t) / duration + "%";
      strip.setAttribute("aria-valuenow", t.toFixed(2));
      strip.setAttribute("aria-valuetext", t.toFixed(1) + " s");
      for (const [s, from, to] of spans) s.classList.toggle("on", t >= from && t < to && (t > 0 || !audio.paused));
    };
    const tick = () => { show(); if (!audio.paused) frame = requestAnimationFrame(tick); };
    audio.addEventListener("play", tick);
    for (const name of ["pause", "seeked", "timeupdate", "ended"]) audio.addEventListener(name, show);
    const seek = (t) => { audio.currentTime = Math.max(0, Math.min(t, duration - 0.01)); show(); };
    const at = (e) => { const box = strip.getBoundingClientRect(); return ((e.clientX - box.left) / box.width) * duration; };
    strip.addEventListener("pointerdown", (e) => { if (e.button) return; strip.setPointerCapture(e.pointerId); seek(at(e)); });
    strip.addEventListener("pointermove", (e) => { if (e.buttons & 1) seek(at(e)); });
    strip.addEventListener("keydown", (e) => {
      const step = { ArrowRight: 0.25, ArrowLeft: -0.25, ArrowUp: 1, ArrowDown: -1 }[e.key];
      if (step) seek(audio.currentTime + step);
      else if (e.key === "Home") seek(0);
      else if (e.key === "End") seek(duration);
      else return;
      e.preventDefault();
      e.stopPropagation();
    });
    return () => { cancelAnimationFrame(frame); release(); };
  };

  const copyText = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* not allowed for files in some browsers */ }
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  document.addEventListener("click", async (e) => {
    const button = e.target.closest && e.target.closest(".copy");
    if (!button) return;
    button.textContent = (await copyText(button.dataset.copy)) ? "copied" : "press Ctrl-C";
    setTimeout(() => { button.textContent = "copy"; }, 1200);
  });

  const plain = (s) => s.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  const startBrowser = (box) => {
    const part = new Map([...box.querySelectorAll("template.part")].map((t) => [t.dataset.name, t]));
    const entries = [...box.querySelectorAll("template.entry")].map((t, i) => ({
      t, i, id: t.dataset.id, title: t.dataset.title, facets: JSON.parse(t.dataset.facets), badges: JSON.parse(t.dataset.badges), text: null,
    }));
    if (!entries.length) return;
    const name = box.dataset.name;
    const find = box.querySelector("input[type=search]");
    const selects = [...box.querySelectorAll("select[data-facet]")];
    const list = box.querySelector(".list");
    const shown = box.querySelector(".shown");
    const where = box.querySelector(".where");
    let found = entries;
    let current = entries[0];
    let folded = false;
    let free = () => {};

    const textOf = (e) => {
      if (e.text === null) {
        let text = e.title + " " + e.id + " " + e.t.content.textContent;
        for (const s of e.t.content.querySelectorAll("[data-shared]")) {
          const p = part.get(s.dataset.shared);
          if (p) text += " " + p.content.textContent;
        }
        e.text = plain(text);
      }
      return e.text;
    };

    const display = (entry, remember) => {
      free();
      current = entry;
      const copy = entry.t.content.cloneNode(true);
      for (const s of copy.querySelectorAll("[data-shared]")) {
        const p = part.get(s.dataset.shared);
        if (p) s.replaceWith(p.content.cloneNode(true));
      }
      for (const d of copy.querySelectorAll("details.fold")) if (folded) d.open = false;
      shown.replaceChildren(copy);
      const stops = [...shown.querySelectorAll("figure.player")].map(startPlayer);
      free = () => stops.forEach((stop) => stop());
      const at = found.indexOf(entry);
      where.textContent = at < 0 ? "not in the list" : at + 1 + " of " + found.length;
      for (const li of list.children) {
        if (li.entry === entry) {
          li.setAttribute("aria-current", "true");
          const top = li.offsetTop - list.offsetTop;
          if (top < list.scrollTop || top + li.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 3;
        } else li.removeAttribute("aria-current");
      }
      if (remember) history.replaceState(null, "", "#" + encodeURIComponent(entry.id));
    };

    const filter = () => {
      const terms = plain(find.value).split(/\s+/).filter(Boolean);
      const wanted = selects.filter((s) => s.value).map((s) => [s.dataset.facet, s.value]);
      found = entries.filter((e) => wanted.every(([k, v]) => e.facets[k] === v) && terms.every((w) => textOf(e).includes(w)));
      box.querySelector(".found").textContent = found.length === entries.length ? entries.length + " " + name : found.length + " of " + entries.length + " " + name;
      list.replaceChildren(...found.map((e) => {
        const li = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        const q = document.createElement("span");
        q.className = "q";
        q.dir = "auto";
        q.textContent = e.title;
        const b = document.createElement("span");
        b.className = "b";
        b.textContent = e.badges.join(" · ");
        button.append(q, b);
        button.addEventListener("click", () => display(e, true));
        li.append(button);
        li.entry = e;
        return li;
      }));
      if (found.length) display(found.includes(current) ? current : found[0], false);
      else { free(); free = () => {}; where.textContent = "none"; const p = document.createElement("p"); p.textContent = "Nothing matches. Remove a word or a filter."; shown.replaceChildren(p); }
    };

    const step = (by) => { if (found.length) display(found[(found.indexOf(current) + by + found.length) % found.length], true); };
    const random = () => { if (found.length) display(found[Math.floor(Math.random() * found.length)], true); };
    const fold = () => { folded = !folded; for (const d of shown.querySelectorAll("details.fold")) d.open = !folded; };
    const reset = () => { find.value = ""; for (const s of selects) s.value = ""; filter(); };
    const click = (selector, action) => box.querySelector(selector).addEventListener("click", action);
    click(".prev", () => step(-1));
    click(".next", () => step(1));
    click(".random", random);
    click(".foldall", fold);
    click(".reset", reset);
    find.addEventListener("input", filter);
    for (const s of selects) s.addEventListener("change", filter);
    document.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      const tag = e.target.tagName;
      if (e.key === "Escape" && e.target === find) { reset(); find.blur(); return; }
      if (tag === "INPUT" || tag === "SELECT" || tag === "TEXTAREA") return;
      const play = () => { const a = shown.querySelector("audio"); if (!a) return; if (a.paused) a.play(); else a.pause(); };
      const keys = { j: () => step(1), ArrowRight: () => step(1), k: () => step(-1), ArrowLeft: () => step(-1), r: random, f: fold, "/": () => find.focus() };
      // Space on a button, a link or a fold means that control.
      if (e.key === " " && !["BUTTON", "A", "SUMMARY", "AUDIO"].includes(tag)) keys[" "] = play;
      const box_ = box.getBoundingClientRect();
      if (keys[e.key] && box_.top < innerHeight && box_.bottom > 0 && tag !== "AUDIO") { e.preventDefault(); keys[e.key](); }
    });

    const fromHash = () => {
      const id = decodeURIComponent(location.hash.slice(1));
      const entry = id && entries.find((e) => e.id === id);
      if (entry) { display(entry, false); box.scrollIntoView(); }
    };
    find.value = query.get("q") || "";
    for (const s of selects) if (query.has(s.dataset.facet)) s.value = query.get(s.dataset.facet);
    filter();
    fromHash();
    addEventListener("hashchange", fromHash);
  };
  document.querySelectorAll(".browser").forEach(startBrowser);
  // Milliseconds since the page was asked for: read by tests and by benchmarks/report_size.py.
  root.dataset.ready = Math.round(performance.now());
})();
