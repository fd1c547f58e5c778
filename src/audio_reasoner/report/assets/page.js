"use strict";
// Everything that moves in a report. What is shown is cloned from markup that was escaped when the page was written, or set
// as text; nothing here makes markup from data.
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

  // Packs: base64 of deflated JSON, unpacked once, when they are needed.
  const unpack = (node) => {
    if (!node.unpacked) {
      node.unpacked = (async () => {
        const raw = atob(node.content.textContent);
        const bytes = new Uint8Array(raw.length);
        for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
        const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
        return JSON.parse(await new Response(stream).text());
      })();
    }
    return node.unpacked;
  };
  // Our own markup, in which all data is escaped; an inert document, so nothing in it runs or loads before it is shown.
  const parser = new DOMParser();
  const parse = (html) => {
    const fragment = document.createDocumentFragment();
    fragment.append(...parser.parseFromString(html, "text/html").body.childNodes);
    return fragment;
  };
  const entities = { amp: "&", lt: "<", gt: ">", "#39": "'", "#34": '"' };
  const bare = (html) => html.replace(/<[^>]*>/g, " ").replace(/&(amp|lt|gt|#39|#34);/g, (_, e) => entities[e]);
  const ROW = 76; // pixels, as .list li in page.css

  const startBrowser = async (box) => {
    const packs = (kind) => [...box.querySelectorAll('template.pack[data-kind="' + kind + '"]')];
    const index = await unpack(packs("index")[0]);
    const n = index.ids.length;
    if (!n) return;
    const bodies = packs("bodies");
    const partPacks = packs("parts");
    const places = await unpack(packs("places")[0]);
    const templates = new Map([...box.querySelectorAll("template.part")].map((t) => [t.dataset.name, t]));
    const byId = new Map(index.ids.map((id, i) => [id, i]));
    const alarms = new Set(index.alarms);
    const name = box.dataset.name;
    const find = box.querySelector("input[type=search]");
    const selects = [...box.querySelectorAll("select[data-facet]")];
    const frame = box.querySelector(".window");
    const list = box.querySelector(".list");
    const shown = box.querySelector(".shown");
    const where = box.querySelector(".where");
    let found = index.ids.map((_, i) => i);
    let current = 0;
    let folded = false;
    let free = () => {};
    let turn = 0;

    const bodyOf = async (i) => (await unpack(bodies[Math.floor(i / index.pack)]))[i % index.pack];
    const partOf = async (key) => {
      if (templates.has(key)) return templates.get(key).content.cloneNode(true);
      if (!(key in places)) return null;
      return parse((await unpack(partPacks[places[key]]))[key]);
    };

    // What is searched: made pack by pack while nothing else is to be done, or at once when somebody searches.
    const texts = new Array(n);
    let prepared = 0;
    const prepare = async () => {
      const at = prepared++;
      if (at >= bodies.length) return false;
      const pack = await unpack(bodies[at]);
      for (let k = 0; k < pack.length; k++) {
        const i = at * index.pack + k;
        let text = index.titles[i] + " " + index.ids[i] + " " + bare(pack[k]);
        for (const m of pack[k].matchAll(/data-shared="([^"]*)"/g)) {
          const key = bare(m[1]);
          if (templates.has(key)) text += " " + templates.get(key).content.textContent;
          else if (key in places) text += " " + bare((await unpack(partPacks[places[key]]))[key]);
        }
        texts[i] = plain(text);
      }
      return true;
    };
    const preparing = (async () => { // one after another; a search waits for the last one
      await new Promise((r) => setTimeout(r, 300));
      while (await prepare()) await new Promise((r) => setTimeout(r, 0));
    });
    let ready = null;
    const allTexts = () => (ready = ready || preparing());

    const drawList = () => {
      const first = Math.max(0, Math.floor(frame.scrollTop / ROW) - 6);
      const last = Math.min(found.length, Math.ceil((frame.scrollTop + frame.clientHeight) / ROW) + 6);
      list.style.height = found.length * ROW + "px";
      const rows = [];
      for (let at = first; at < last; at++) {
        const i = found[at];
        const li = document.createElement("li");
        li.style.top = at * ROW + "px";
        li.setAttribute("aria-setsize", found.length);
        li.setAttribute("aria-posinset", at + 1);
        if (i === current) li.setAttribute("aria-current", "true");
        const button = document.createElement("button");
        button.type = "button";
        if (alarms.has(i)) button.className = "alarmed";
        const q = document.createElement("span");
        q.className = "q";
        q.dir = "auto";
        q.textContent = index.titles[i];
        const b = document.createElement("span");
        b.className = "b";
        b.textContent = index.badges[i];
        button.append(q, b);
        button.addEventListener("click", () => display(i, true));
        li.append(button);
        rows.push(li);
      }
      list.replaceChildren(...rows);
    };
    const reveal = () => {
      const at = found.indexOf(current);
      if (at >= 0 && (at * ROW < frame.scrollTop || (at + 1) * ROW > frame.scrollTop + frame.clientHeight)) frame.scrollTop = (at - 2) * ROW;
      drawList();
    };

    const highlight = () => {
      if (!window.CSS || !CSS.highlights) return;
      CSS.highlights.delete("hit");
      const terms = plain(find.value).split(/\s+/).filter((w) => w.length > 1);
      if (!terms.length) return;
      const hits = [];
      const walk = document.createTreeWalker(shown, NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const text = node.data.toLowerCase();
        for (const w of terms) {
          for (let at = text.indexOf(w); at >= 0 && hits.length < 500; at = text.indexOf(w, at + w.length)) {
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, Math.min(at + w.length, node.data.length));
            hits.push(range);
          }
        }
      }
      CSS.highlights.set("hit", new Highlight(...hits));
    };

    const display = async (i, remember) => {
      const mine = ++turn;
      current = i;
      reveal();
      const copy = parse(await bodyOf(i));
      for (const s of copy.querySelectorAll("[data-shared]")) {
        const p = await partOf(s.dataset.shared);
        if (p) s.replaceWith(p);
      }
      if (mine !== turn) return; // somebody was quicker
      free();
      for (const d of copy.querySelectorAll("details.fold")) if (folded) d.open = false;
      shown.replaceChildren(copy);
      const stops = [...shown.querySelectorAll("figure.player")].map(startPlayer);
      free = () => stops.forEach((stop) => stop());
      const at = found.indexOf(i);
      where.textContent = at < 0 ? "not in the list" : at + 1 + " of " + found.length;
      highlight();
      if (remember) history.replaceState(null, "", "#" + encodeURIComponent(index.ids[i]));
    };

    let asked = 0;
    const filter = async () => {
      const mine = ++asked;
      const terms = plain(find.value).split(/\s+/).filter(Boolean);
      const status = box.querySelector(".found");
      if (terms.length && prepared < bodies.length) status.textContent = "searching …";
      if (terms.length) await allTexts();
      if (mine !== asked) return;
      const wanted = selects.filter((s) => s.value).map((s) => { const f = index.facets[s.dataset.facet]; return [f.of, f.values.indexOf(s.value)]; });
      found = [];
      for (let i = 0; i < n; i++) if (wanted.every(([of, v]) => of[i] === v) && terms.every((w) => texts[i].includes(w))) found.push(i);
      status.textContent = (found.length === n ? n : found.length + " of " + n) + " " + name;
      if (found.length) await display(found.includes(current) ? current : found[0], false);
      else { turn++; free(); free = () => {}; drawList(); where.textContent = "none"; const p = document.createElement("p"); p.textContent = "Nothing matches. Remove a word or a filter."; shown.replaceChildren(p); }
    };

    const go = (at) => { if (found.length) display(found[(at + found.length) % found.length], true); };
    const step = (by) => go(found.indexOf(current) + by);
    const random = () => go(Math.floor(Math.random() * found.length));
    const alarm = () => {
      const at = found.indexOf(current);
      for (let k = 1; k <= found.length; k++) if (alarms.has(found[(at + k) % found.length])) { go(at + k); return; }
    };
    const fold = () => { folded = !folded; for (const d of shown.querySelectorAll("details.fold")) d.open = !folded; };
    const reset = () => { find.value = ""; for (const s of selects) s.value = ""; filter(); };
    const click = (selector, action) => { const b = box.querySelector(selector); if (b) b.addEventListener("click", action); };
    click(".prev", () => step(-1));
    click(".next", () => step(1));
    click(".random", random);
    click(".alarm", alarm);
    click(".foldall", fold);
    click(".reset", reset);
    find.addEventListener("input", filter);
    for (const s of selects) s.addEventListener("change", filter);
    frame.addEventListener("scroll", drawList, { passive: true });
    addEventListener("resize", drawList);
    document.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      const tag = e.target.tagName;
      if (e.key === "Escape" && e.target === find) { reset(); find.blur(); return; }
      if (e.key === "Enter" && e.target === find) { find.blur(); return; }
      if (tag === "INPUT" || tag === "SELECT" || tag === "TEXTAREA") return;
      const play = () => { const a = shown.querySelector("audio"); if (!a) return; if (a.paused) a.play(); else a.pause(); };
      const keys = { j: () => step(1), ArrowRight: () => step(1), k: () => step(-1), ArrowLeft: () => step(-1), Home: () => go(0), End: () => go(-1), r: random, x: alarm, f: fold, "/": () => find.focus() };
      // Space on a button, a link or a fold means that control.
      if (e.key === " " && !["BUTTON", "A", "SUMMARY", "AUDIO"].includes(tag)) keys[" "] = play;
      const box_ = box.getBoundingClientRect();
      if (keys[e.key] && box_.top < innerHeight && box_.bottom > 0 && tag !== "AUDIO") { e.preventDefault(); keys[e.key](); }
    });

    const fromHash = async () => {
      const i = byId.get(decodeURIComponent(location.hash.slice(1)));
      if (i !== undefined) { await display(i, false); box.scrollIntoView(); }
    };
    find.value = query.get("q") || "";
    for (const s of selects) if (query.has(s.dataset.facet)) s.value = query.get(s.dataset.facet);
    await filter();
    await fromHash();
    addEventListener("hashchange", fromHash);
    allTexts();
  };
  const start = async (box) => {
    try { await startBrowser(box); } catch (error) {
      const p = document.createElement("p");
      p.className = "note";
      p.textContent = "This browser cannot unpack the list (it needs DecompressionStream: any browser since 2023). " + error;
      box.prepend(p);
    }
  };
  Promise.all([...document.querySelectorAll(".browser")].map(start)).then(() => {
    // Milliseconds since the page was asked for: read by tests and by benchmarks/report_size.py.
    root.dataset.ready = Math.round(performance.now());
  });
})();
