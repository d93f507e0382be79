// Runs in a world of its own beside the page: where the Tab key leads, and what it does not reach.
(() => {
  // Kinds of things that take the focus of more than one press, one after the other, without another active element.
  const MANY = "iframe, object, embed, video, audio, input[type=date], input[type=time], input[type=datetime-local], "
    + "input[type=month], input[type=week]";
  const PATIENCE = 15;
  const NATIVE = "a[href], area[href], button, input:not([type=hidden]), select, textarea, summary, iframe, audio[controls], "
    + "video[controls], [contenteditable]:not([contenteditable=false])";
  const REACTING = "button link checkbox radio switch tab menuitem menuitemcheckbox menuitemradio option slider spinbutton "
    + "textbox combobox searchbox treeitem gridcell";
  // In these one member has the focus, and arrows move it: https://www.w3.org/WAI/ARIA/apg/practices/keyboard-interface/
  const COMPOSITE = "[role=tablist], [role=menu], [role=menubar], [role=listbox], [role=radiogroup], [role=tree], "
    + "[role=treegrid], [role=grid], [role=toolbar], [role=combobox], select, datalist";
  const TYPED = /^(?:text|search|url|tel|email|password|number)$/;
  const SHORT = 300;
  const LOOKS = {
    outline: [], shadow: [], border: ["borderTopColor", "borderRightColor", "borderBottomColor", "borderLeftColor",
      "borderTopWidth", "borderBottomWidth", "borderTopStyle", "borderBottomStyle"],
    background: ["backgroundColor", "backgroundImage", "backgroundSize", "backgroundPosition"],
    text: ["color", "textDecorationLine", "textDecorationColor", "textDecorationThickness", "textUnderlineOffset",
      "fontWeight"],
    shape: ["transform", "scale", "translate", "filter", "opacity", "visibility", "display", "clipPath", "fill", "stroke",
      "strokeWidth"],
    content: ["content"],
  };

  const line = (text, most) => { const flat = String(text).replace(/\s+/g, " ").trim();
    return flat.length > most ? `${flat.slice(0, most - 1)}…` : flat; };
  const parent = (one) => one.assignedSlot ?? one.parentElement ?? one.getRootNode().host ?? null;
  const within = (inner, outer) => {
    for (let one = inner; one; one = parent(one)) if (one === outer) return true;
    return false;
  };

  function selector(element) {
    const root = element.getRootNode();
    const before = root instanceof ShadowRoot ? `${selector(root.host)} >> ` : "";
    const parts = [];
    for (let one = element; one instanceof Element; one = one.parentElement) {
      if (one.id && root.querySelectorAll(`#${CSS.escape(one.id)}`).length === 1) {
        parts.unshift(`#${CSS.escape(one.id)}`);
        break;
      }
      const name = one.localName;
      const same = [...(one.parentNode?.children ?? [])].filter((other) => other.localName === name);
      parts.unshift(same.length > 1 ? `${name}:nth-of-type(${same.indexOf(one) + 1})` : name);
      if (name === "body" || name === "html") break;
    }
    return before + parts.join(" > ");
  }

  function every(root = document, found = []) {
    for (const one of root.querySelectorAll("*")) {
      found.push(one);
      if (one.shadowRoot) every(one.shadowRoot, found);
    }
    return found;
  }

  function deep() {
    let one = document.activeElement;
    while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    return !one || one === document.body || one === document.documentElement ? null : one;
  }

  // What is in the middle of a change is taken as it will be.
  function finish() {
    for (const one of document.getAnimations()) {
      if (one instanceof CSSTransition) { try { one.finish(); } catch { /* It never ends. */ } }
    }
  }

  const bare = (colour) => colour === "transparent" || /^rgba\(.*,\s*0\)$|\/\s*0\)$/.test(colour);
  const page = (box) => ({ x: Math.round(box.x + scrollX), y: Math.round(box.y + scrollY),
    width: Math.round(box.width), height: Math.round(box.height) });

  // An inline element around a block has no height of its own.
  function bounds(element) {
    const boxes = [element, ...element.querySelectorAll("*")].slice(0, 20).map((one) => one.getBoundingClientRect())
      .filter((one) => one.width > 0 && one.height > 0);
    const own = element.getBoundingClientRect();
    if (!boxes.length || (own.width > 0 && own.height > 0)) return own;
    const x = Math.min(...boxes.map((one) => one.x)), y = Math.min(...boxes.map((one) => one.y));
    return new DOMRect(x, y, Math.max(...boxes.map((one) => one.right)) - x, Math.max(...boxes.map((one) => one.bottom)) - y);
  }

  function shows(element) {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
    const box = bounds(element);
    if (box.width < 3 || box.height < 3 || box.right + scrollX <= 0 || box.bottom + scrollY <= 0) return false;
    for (let one = element; one && one !== document.body; one = parent(one)) {
      const style = getComputedStyle(one);
      // The usual ways to show something to screen readers only.
      if (/inset\(\s*(?:50|100)%/.test(style.clipPath)) return false;
      if (style.position === "absolute" && /^rect\((?:0px|1px)(?:,? (?:0px|1px)){3}\)$/.test(style.clip)) return false;
      const whole = one.getBoundingClientRect();
      if (style.overflow !== "visible" && style.display !== "contents" && (whole.width < 3 || whole.height < 3)) return false;
    }
    return true;
  }

  const labels = (element) => [...(element.labels ?? [])];
  const shown = (element) => [element, ...labels(element)].some(shows);

  // https://www.w3.org/WAI/WCAG22/Understanding/focus-not-obscured-minimum.html
  function obscured(element) {
    const box = bounds(element);
    const spots = [[0.5, 0.5], [0.15, 0.2], [0.85, 0.2], [0.15, 0.8], [0.85, 0.8]]
      .map(([x, y]) => [box.x + box.width * x, box.y + box.height * y])
      .filter(([x, y]) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight);
    return spots.length > 0 && spots.every(([x, y]) => {
      let hit = document.elementFromPoint(x, y);
      while (hit?.shadowRoot) {
        const inner = hit.shadowRoot.elementFromPoint(x, y);
        if (!inner || inner === hit) break;
        hit = inner;
      }
      return hit && !within(hit, element) && !within(element, hit) && !labels(element).some((one) => within(hit, one));
    });
  }

  function name(element) {
    const named = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean)
      .map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
    const text = element.getAttribute("aria-label") || named || labels(element)[0]?.textContent || element.textContent
      || element.getAttribute("alt") || element.querySelector("img[alt]")?.getAttribute("alt")
      || element.getAttribute("title") || element.getAttribute("placeholder") || element.value || "";
    return line(text, 60);
  }

  function looks(element, pseudo) {
    const style = getComputedStyle(element, pseudo);
    if (pseudo && (style.content === "none" || style.content === "normal")) return {};
    const found = {};
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 && !bare(style.outlineColor);
    found.outline = outlined ? `${style.outlineStyle} ${style.outlineWidth} ${style.outlineColor}` : "";
    const shadows = style.boxShadow.match(/rgba?\([^)]*\)/g) ?? [];
    found.shadow = shadows.length && shadows.every(bare) ? "" : style.boxShadow.replace("none", "");
    for (const [kind, names] of Object.entries(LOOKS)) {
      if (names.length) found[kind] = names.map((one) => style[one]).join(";");
    }
    return found;
  }

  // Where a sign of focus may be: on the element, in it, on its label, on what stands behind it, on what it stands in.
  function around(element) {
    const places = [element, ...labels(element), ...[...element.querySelectorAll("*")].slice(0, 6)];
    for (const next of [element.nextElementSibling, element.shadowRoot?.firstElementChild]) if (next) places.push(next);
    for (const label of labels(element)) places.push(...[...label.querySelectorAll("*")].slice(0, 4));
    let outer = parent(element);
    for (let depth = 0; outer && outer !== document.body && depth < 3; depth += 1, outer = parent(outer)) places.push(outer);
    return [...new Set(places)];
  }

  // What is not to be seen has no look, whatever its styles say.
  const picture = (places) => places.map((one) => (shows(one) ? [looks(one), looks(one, "::before"), looks(one, "::after")]
    : [{}, {}, {}]));

  function difference(before, after) {
    const kinds = new Set();
    before.forEach((place, index) => place.forEach((was, pseudo) => {
      const now = after[index][pseudo];
      for (const kind of new Set([...Object.keys(was), ...Object.keys(now)])) {
        if ((was[kind] ?? "") !== (now[kind] ?? "")) kinds.add(kind);
      }
    }));
    return ["outline", "shadow", "content", "border", "background", "text", "shape"].find((kind) => kinds.has(kind)) ?? "";
  }

  function typed(element) {
    const writes = (element.localName === "input" && TYPED.test(element.type)) || element.localName === "textarea"
      || element.isContentEditable;
    return writes && !element.readOnly && !bare(getComputedStyle(element).caretColor);
  }

  const stops = [];
  const elements = [];
  const order = [];
  let focused = null;
  let last = null;
  let presses = 0;
  let jumped = true;

  // The one that has just lost the focus looks as it does without it; what looks otherwise for the next one is left out.
  function leave(now = null) {
    if (!focused) return;
    const { stop, places, before } = focused;
    focused = null;
    const apart = places.map((one) => !now || (!within(one, now) && !within(now, one)));
    const kept = (_, index) => apart[index];
    stop.indicator = difference(before.filter(kept), picture(places.filter(kept)));
  }

  const floating = (element) => {
    for (let one = element; one; one = parent(one)) {
      if (/fixed|sticky/.test(getComputedStyle(one).position) || one.matches("dialog, [role=dialog]")) return true;
    }
    return false;
  };

  function jump(from, to) {
    if (from.getRootNode() === to.getRootNode() && to.compareDocumentPosition(from) & Node.DOCUMENT_POSITION_FOLLOWING
      && !within(from, to)) {
      order.push({ from: selector(from), to: selector(to), why: from.tabIndex > 0 || to.tabIndex > 0 ? "tabindex" : "script" });
      return;
    }
    if (!shown(from) || !shown(to) || floating(from) || floating(to)) return;
    const a = bounds(from), b = bounds(to);
    const left = getComputedStyle(document.documentElement).direction === "ltr";
    const beside = left ? b.left >= a.right - 2 : b.right <= a.left + 2;
    if (b.bottom <= a.top + 2 && !beside) order.push({ from: selector(from), to: selector(to), why: "layout" });
  }

  // A frame keeps the focus for as many stops as its own page has.
  function stopsInside(one) {
    try {
      return one.contentDocument ? one.contentDocument.querySelectorAll(`${NATIVE}, [tabindex]`).length : 0;
    } catch { return 0; }
  }

  function step() {
    finish();
    const now = deep();
    if (now !== last) leave(now);
    const known = now ? elements.indexOf(now) : -1;
    presses = now === last ? presses + 1 : 0;
    const answer = { end: !now, fresh: Boolean(now) && known < 0, same: Boolean(now) && now === last, known,
      patient: Boolean(now) && presses < PATIENCE + stopsInside(now) && (now.matches(MANY) || now.localName.includes("-")) };
    if (answer.fresh) {
      if (last && !jumped) jump(last, now);
      const box = bounds(now);
      const stop = { selector: selector(now), name: name(now), indicator: "", visible: shown(now), obscured: obscured(now),
        box: page(box) };
      const places = around(now);
      stops.push(stop);
      elements.push(now);
      focused = { stop, places, before: picture(places) };
    }
    jumped = false;
    last = now;
    return answer;
  }

  const active = () => { const one = deep(); return one ? elements.indexOf(one) : null; };

  // Whether the focus stays in an open dialog that means to keep it; it has ways out of its own.
  function modal(from) {
    const one = elements[from] ?? deep();
    const box = one?.closest("dialog, [aria-modal=true]");
    return Boolean(box) && (box.matches("[aria-modal=true]") || box.matches(":modal"));
  }
  const dialog = () => Boolean(document.querySelector("dialog:modal"));

  function tabbable() {
    return every().filter((one) => one.tabIndex >= 0 && (one.matches(NATIVE) || one.hasAttribute("tabindex"))
      && !one.matches(":disabled") && !one.closest("[inert]") && one.checkVisibility({ visibilityProperty: true }));
  }

  // Go on behind a trap: to the next thing that was not reached.
  function onward(from) {
    const here = elements[from];
    const rest = tabbable().filter((one) => !elements.includes(one));
    const next = rest.find((one) => here && here.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING) ?? rest[0];
    if (!next) return { left: false, there: false };
    leave();
    next.focus({ focusVisible: true });
    last = null;
    jumped = true;
    return { left: true, there: deep() === next };
  }

  function trapped(from, to) {
    return { selector: selector(elements[to]), loop: to - from };
  }

  // Those that seem to have no sign of focus are looked at again, with the focus nowhere else for comparison.
  function doubtful() {
    leave();
    return stops.flatMap((stop, index) => {
      if (stop.indicator) return [];
      const element = elements[index];
      // What has the focus inside of them shows it by itself.
      if (element.matches("iframe, object, embed, video, audio")) { stop.indicator = "inner"; return []; }
      const places = around(element);
      element.focus({ focusVisible: true });
      finish();
      const before = picture(places), writes = typed(element);
      blur();
      stop.indicator = difference(before, picture(places)) || (writes ? "caret" : "");
      return stop.indicator || !stop.visible ? [] : [index];
    });
  }
  function aim(index) {
    const element = elements[index];
    element.focus({ focusVisible: true });
    finish();
    const box = bounds(element);
    const about = { x: Math.max(0, box.x + scrollX - 10), y: Math.max(0, box.y + scrollY - 10),
      width: Math.min(box.width + 20, 600), height: Math.min(box.height + 20, 600) };
    return deep() === element ? about : null;
  }
  function blur() { deep()?.blur(); finish(); }
  function sign(index) { stops[index].indicator = "picture"; }

  const start = () => document.querySelector("main, [role=main]") ?? document.querySelector("h1");
  function skip() {
    const main = start();
    const before = main ? elements.filter((one) => !within(one, main)
      && main.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_PRECEDING).length : 0;
    const index = elements.slice(0, 3).findIndex((one) => one.matches("a[href*='#']") && one.hash.length > 1
      && one.pathname === location.pathname && one.origin === location.origin);
    const links = elements.slice(0, 3).filter((one) => one.matches("a[href*='#']") && one.hash.length > 1).length;
    return { before, index, links, main: Boolean(document.querySelector("main, [role=main]")),
      heading: Boolean(document.querySelector("h1, h2")) };
  }
  function target(index) {
    const id = elements[index].hash.slice(1);
    let plain = id;
    try { plain = decodeURIComponent(id); } catch { /* It stays as it is. */ }
    return document.getElementById(id) ?? document.getElementById(plain) ?? document.getElementsByName(plain)[0] ?? null;
  }
  function skipTo(index) { elements[index].focus({ focusVisible: true }); return Boolean(target(index)); }
  // After Enter and one Tab the focus is in the target or behind it; the end of the page is behind it too.
  function skipped(index) {
    const goal = target(index), now = deep();
    if (!goal) return false;
    const behind = (one) => within(one, goal) || Boolean(goal.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
    // Where nothing behind it takes the focus, the next stop is the first of the page again.
    if (!now || !elements.some(behind)) return true;
    if (now === elements[index]) return false;
    return within(now, goal) || Boolean(goal.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_FOLLOWING);
  }

  const focusable = (one) => one.tabIndex >= 0 && (one.matches(NATIVE) || one.hasAttribute("tabindex")) && !one.matches(":disabled");
  const reacting = (one) => REACTING.split(" ").includes((one.getAttribute("role") ?? "").trim().split(/\s+/)[0]);
  const off = (one) => one.closest("[inert], [aria-hidden=true], :disabled, [aria-disabled=true]") !== null;

  // `listening` are elements with a listener for clicks of their own, `keen` with one that a framework keeps for them.
  function unfocusable(...listening) {
    const found = new Map();
    const reason = (one, why) => {
      if (found.has(one) || focusable(one) || off(one) || !shows(one)) return;
      if (one === document.body || one === document.documentElement) return;
      // The key reaches what it stands in, or what stands in it: a click on either does the same.
      for (let outer = parent(one); outer; outer = parent(outer)) {
        if (focusable(outer)) return;
        if (outer.localName === "label" && outer.control) return;
      }
      if (one.localName === "label" && (one.control || one.htmlFor)) return;
      if (every(one).some((inner) => focusable(inner))) return;
      const group = one.closest(COMPOSITE);
      if (group && group !== one && (focusable(group) || every(group).some(focusable))) return;
      // Something that is told to have the focus by another: https://www.w3.org/TR/wai-aria-1.2/#aria-activedescendant
      if (one.id && document.querySelector(`[aria-activedescendant="${CSS.escape(one.id)}"]`)) return;
      found.set(one, why);
    };
    const handlers = new Set(listening.filter((one) => one instanceof Element && one.ownerDocument === document));
    const anyone = listening.some((one) => one === document || one === document.body || one === document.documentElement);
    for (const one of handlers) reason(one, "listener");
    for (const one of every()) {
      if (reacting(one)) reason(one, "role");
      const outer = parent(one);
      if (getComputedStyle(one).cursor === "pointer" && !(outer && getComputedStyle(outer).cursor === "pointer")) {
        let above = outer;
        while (above && !handlers.has(above)) above = parent(above);
        if (above || anyone) reason(one, "pointer");
      }
    }
    const inner = [...found].filter(([one]) => ![...found.keys()].some((other) => other !== one && within(one, other)));
    return inner.slice(0, 50).map(([one, why]) => ({ selector: selector(one), html: line(one.outerHTML, SHORT), why }));
  }

  // Target size: https://www.w3.org/WAI/WCAG22/Understanding/target-size-minimum.html
  const SIZE = 24;
  function small() {
    const all = tabbable().filter((one) => shown(one) && !one.matches("iframe, object, embed")).map((one) => {
      let box = bounds(one);
      for (const label of labels(one)) {
        if (!shows(label)) continue;
        const other = bounds(label);
        const [x, y] = [Math.min(box.x, other.x), Math.min(box.y, other.y)];
        box = new DOMRect(x, y, Math.max(box.right, other.right) - x, Math.max(box.bottom, other.bottom) - y);
      }
      return { one, box, tiny: box.width < SIZE || box.height < SIZE };
    });
    return all.filter(({ one, box, tiny }) => tiny && !inSentence(one) && !ownSize(one) && !apart(one, box, all))
      .slice(0, 50).map(({ one, box }) => ({ selector: selector(one), width: Math.round(box.width), height: Math.round(box.height) }));
  }
  // In a line of text, its height is that of the line.
  function inSentence(one) {
    if (!getComputedStyle(one).display.startsWith("inline")) return false;
    let block = parent(one);
    while (block && getComputedStyle(block).display.startsWith("inline")) block = parent(block);
    if (!block) return false;
    const text = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    while (text.nextNode()) {
      const node = text.currentNode;
      if (/[\p{L}\p{N}]/u.test(node.data) && !node.parentElement.closest("a, button, script, style, label, [role=button], [role=link]")) return true;
    }
    return false;
  }
  // The browser's own size, which the author did not touch.
  const ownSize = (one) => one.matches("input[type=checkbox], input[type=radio]")
    && getComputedStyle(one).appearance === "auto" && one.offsetWidth === 13 && one.offsetHeight === 13;
  // A circle of 24 pixels around its middle meets no other target and no such circle of another small one.
  function apart(one, box, all) {
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    return all.every(({ one: other, box: rest, tiny }) => {
      if (other === one || within(other, one) || within(one, other)) return true;
      const [nearX, nearY] = [Math.min(Math.max(x, rest.left), rest.right), Math.min(Math.max(y, rest.top), rest.bottom)];
      if (Math.hypot(nearX - x, nearY - y) < SIZE / 2) return false;
      return !tiny || Math.hypot(rest.x + rest.width / 2 - x, rest.y + rest.height / 2 - y) >= SIZE;
    });
  }

  // What moves, and does not only fade: https://www.w3.org/WAI/WCAG21/Techniques/css/C39
  const MOVES = /^(?:transform|translate|rotate|scale|offset(?:Path|Distance|Position)|left|right|top|bottom|inset|margin|padding|width|height|backgroundPosition)/;
  function motion() {
    const found = new Map();
    for (const one of document.getAnimations()) {
      const element = one.effect?.target;
      if (one.playState !== "running" || !element || !shows(element)) continue;
      const moves = one.effect.getKeyframes().some((frame) => Object.keys(frame).some((key) => MOVES.test(key)));
      if (moves && one.effect.getComputedTiming().activeDuration > 5000) found.set(element, one.animationName ?? one.id ?? "");
    }
    for (const one of document.querySelectorAll("marquee")) if (shows(one)) found.set(one, "marquee");
    return [...found].slice(0, 50).map(([one, name]) => ({ selector: selector(one), name }));
  }

  function calm() {
    document.documentElement.style.setProperty("scroll-behavior", "auto", "important");
    scrollTo(0, 0);
  }

  globalThis.walk = { step, active, modal, dialog, onward, trapped, doubtful, aim, blur, sign, skip, skipTo, skipped,
    unfocusable, small, motion, calm, result: () => ({ stops, order }) };
})();
//# sourceURL=pages-pipeline:walk.js
