(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const field = (name) => form.elements.namedItem(name);
  const kinds = [...form.querySelectorAll("input[name=kind]")];
  const count = document.getElementById("count");
  const rows = [...document.querySelectorAll("[data-kinds]")].map((one) => ({
    one,
    words: one.textContent.toLowerCase(),
    gates: one.dataset.gates.split(" "),
    kinds: one.dataset.kinds.split(" "),
    page: one.dataset.page,
    finding: one.tagName === "LI",
  }));
  const boxes = [...document.querySelectorAll(".rule, .gate")].reverse();
  const before = new Map(boxes.map((box) => [box, box.open]));
  let filtered = false;
  const fits = (row, words, gate, page, wanted) =>
    (!gate || row.gates.includes(gate)) && (!page || row.page.toLowerCase().includes(page)) &&
    row.kinds.some((kind) => wanted.has(kind)) && words.every((word) => row.words.includes(word));
  const filter = () => {
    const words = field("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const gate = field("gate").value;
    const page = field("page").value.trim().toLowerCase();
    const wanted = new Set(kinds.filter((one) => one.checked).map((one) => one.value));
    const active = words.length > 0 || gate !== "" || page !== "" || wanted.size < kinds.length;
    const shown = [0, 0];
    for (const row of rows) {
      const fit = !active || fits(row, words, gate, page, row.finding ? wanted : new Set([...wanted, ...(wanted.size === kinds.length ? ["none"] : [])]));
      row.one.hidden = !fit;
      shown[row.finding ? 0 : 1] += fit ? 1 : 0;
    }
    for (const box of boxes) {
      const any = !active || box.querySelector("li[data-kinds]:not([hidden])") !== null;
      box.hidden = !any;
      if (active && any) box.open = true;
      if (!active && filtered) box.open = before.get(box);
    }
    filtered = active;
    const total = rows.filter((row) => row.finding).length;
    count.textContent = active ? `${shown[0]} of ${total} findings and ${shown[1]} of ${rows.length - total} pages fit` : "";
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  document.getElementById("open").addEventListener("click", () => boxes.forEach((box) => { box.open = true; }));
  document.getElementById("close").addEventListener("click", () => boxes.forEach((box) => { box.open = false; }));
  const dialog = document.getElementById("picture");
  for (const shot of document.querySelectorAll(".shot")) {
    const picture = shot.querySelector("img");
    const button = document.createElement("button");
    button.type = "button";
    button.className = shot.className;
    button.setAttribute("aria-label", `${picture.alt}, larger`);
    button.append(picture);
    shot.replaceWith(button);
    button.addEventListener("click", () => {
      dialog.querySelector("img").src = picture.src;
      dialog.querySelector("img").alt = picture.alt;
      dialog.querySelector("h2").textContent = picture.alt;
      dialog.showModal();
    });
  }
  if (dialog) dialog.querySelector("button").addEventListener("click", () => dialog.close());
  addEventListener("beforeprint", () => boxes.forEach((box) => { box.open = true; }));
})();
