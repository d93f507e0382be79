// Runs in a world of its own beside the page: what is to be seen in it, for one view after the other.
(() => {
  const short = (text, most) => { const line = String(text).replace(/\s+/g, " ").trim();
    return line.length > most ? `${line.slice(0, most - 1)}…` : line; };
  const cut = (element) => short(element?.outerHTML ?? "", 300);

  function selector(element) {
    const parts = [];
    for (let one = element; one instanceof Element; one = one.parentElement) {
      if (one.id && document.querySelectorAll(`#${CSS.escape(one.id)}`).length === 1) {
        parts.unshift(`#${CSS.escape(one.id)}`);
        break;
      }
      const name = one.localName;
      const same = [...(one.parentElement?.children ?? [])].filter((other) => other.localName === name);
      parts.unshift(same.length > 1 ? `${name}:nth-of-type(${same.indexOf(one) + 1})` : name);
      if (name === "body" || name === "html") break;
    }
    return parts.join(" > ");
  }

  function every(root, found = []) {
    for (const one of root.querySelectorAll("*")) {
      found.push(one);
      if (one.shadowRoot) every(one.shadowRoot, found);
    }
    return found;
  }

  // Nobody gave any input, though the browser takes the emulated screen for one (hadRecentInput).
  // Cumulative Layout Shift: the biggest session window, gaps up to 1 s, up to 5 s long (https://web.dev/articles/cls).
  function shifts() {
    return new Promise((resolve) => {
      let watcher;
      const take = (entries) => {
        watcher.disconnect();
        let worst = 0, sum = 0, first = 0, last = 0;
        const biggest = [];
        for (const one of entries) {
            if (sum && (one.startTime - last > 1000 || one.startTime - first > 5000)) sum = 0;
          if (!sum) first = one.startTime;
          last = one.startTime;
          sum += one.value;
          worst = Math.max(worst, sum);
          const node = one.sources?.map((source) => source.node).find((found) => found instanceof Element);
          biggest.push({ value: Number(one.value.toFixed(4)), selector: node ? selector(node) : "" });
        }
        biggest.sort((a, b) => b.value - a.value);
        resolve({ cls: Number(worst.toFixed(4)), shifts: biggest.slice(0, 5) });
      };
      watcher = new PerformanceObserver((list) => take(list.getEntries()));
      watcher.observe({ type: "layout-shift", buffered: true });
      const kept = watcher.takeRecords();
      if (kept.length) take(kept);
      else setTimeout(() => take(watcher.takeRecords()), 20);
    });
  }

  function keys(name) {
    try { return Object.keys(window[name]).sort(); } catch { return []; }
  }

  function integrity() {
    const found = {};
    for (const one of document.querySelectorAll("script[src], link[href]")) {
      found[one.src || one.href] = one.integrity || "";
    }
    return found;
  }

  function icons() {
    return [new URL("/favicon.ico", location.href).href,
      ...[...document.querySelectorAll("link[rel~=icon], link[rel~=apple-touch-icon]")].map((one) => one.href)];
  }

  const frame = () => new Promise((resolve) => {
    const late = setTimeout(resolve, 200);
    requestAnimationFrame(() => { clearTimeout(late); resolve(); });
  });

  // What loads or appears when it is scrolled to is part of the page.
  async function scroll() {
    const step = Math.max(innerHeight, document.documentElement.scrollHeight / 12);
    for (let y = step; y < document.documentElement.scrollHeight; y += step) {
      scrollTo({ top: y, behavior: "instant" });
      await frame();
    }
    scrollTo({ top: 0, behavior: "instant" });
    await frame();
  }

  // Colours in the middle of a transition are nobody's to judge.
  async function settle() {
    await frame();
    for (const one of document.getAnimations()) {
      try { one.finish(); } catch { /* It never ends. */ }
    }
    await document.fonts.ready;
    await frame();
  }

  // What decides which elements there are to check: when it is as in another view, so are the results for structure.
  async function structure() {
    const parts = [];
    const roots = [document];
    for (const one of every(document)) {
      parts.push(one.checkVisibility({ visibilityProperty: true }) ? "1" : "0");
      if (one.shadowRoot) roots.push(one.shadowRoot);
    }
    for (const root of roots) parts.push(root instanceof Document ? root.documentElement.outerHTML : root.innerHTML);
    const bytes = new TextEncoder().encode(parts.join(""));
    let [a, b] = [0x811c9dc5, 0x1000193];
    for (const one of bytes) {
      a = Math.imul(a ^ one, 0x01000193) >>> 0;
      b = (Math.imul(b, 33) + one) >>> 0;
    }
    return `${bytes.length}-${a.toString(16)}-${b.toString(16)}`;
  }

  function size() {
    const page = document.documentElement;
    return {
      overflow: Math.max(0, page.scrollWidth - page.clientWidth),
      height: Math.max(page.scrollHeight, document.body?.scrollHeight ?? 0),
    };
  }

  function accessible(rules) {
    return rules.map((rule) => ({
      id: rule.id, impact: rule.impact ?? "", help: rule.help, helpUrl: rule.helpUrl, tags: rule.tags,
      count: rule.nodes.length,
      nodes: rule.nodes.slice(0, 10).map((node) => ({
        target: node.target.flat().join(" "), html: short(node.html, 300), summary: short(node.failureSummary ?? "", 600),
      })),
    }));
  }

  function axeResult(found) {
    return {
      violations: accessible(found.violations),
      incomplete: accessible(found.incomplete),
      passes: found.passes.map((rule) => rule.id).sort(),
    };
  }

  async function axeRun(options) {
    return axeResult(await axe.run(document, { ...options, iframes: false }));
  }

  function sniff(standard) {
    // HTML_CodeSniffer 2.5.1 throws at a field with `autocomplete` and no `type`, which means `text` in any case.
    const untyped = [...document.querySelectorAll("input[autocomplete]:not([type])")];
    untyped.forEach((one) => one.setAttribute("type", "text"));
    return new Promise((resolve) => {
      HTMLCS.process(standard, document, () => resolve(
        HTMLCS.getMessages().filter((one) => one.type === HTMLCS.ERROR).slice(0, 200).map((one) => ({
          code: one.code, message: short(one.msg, 400),
          selector: one.element instanceof Element ? selector(one.element) : "", context: cut(one.element),
        })),
      ));
    }).finally(() => untyped.forEach((one) => one.removeAttribute("type")));
  }

  globalThis.look = { shifts, keys, integrity, icons, scroll, settle, structure, size, axeRun, axeResult, sniff, selector };
})();
//# sourceURL=pages-pipeline:look.js
