// Runs in the page before any script of its own: notes that a result may differ tomorrow, and changes nothing else.
(() => {
  const uses = new Set();
  const note = (what) => { uses.add(what); };
  Object.defineProperty(window, Symbol.for("pages-pipeline"), { value: () => [...uses] });
  const RealDate = Date;
  const wrapped = new Proxy(RealDate, {
    construct(target, words, newTarget) {
      if (words.length === 0) note("the date");
      return Reflect.construct(target, words, newTarget === wrapped ? target : newTarget);
    },
    apply(target, self, words) { note("the date"); return Reflect.apply(target, self, words); },
  });
  const watch = (holder, name, what, when = () => true) => {
    const real = holder?.[name];
    if (typeof real !== "function") return;
    const given = Object.getOwnPropertyDescriptor(holder, name);
    if (!given || !("value" in given)) return;
    Object.defineProperty(holder, name, {
      ...given,
      value: new Proxy(real, {
        apply(target, self, words) { if (when(words)) note(what); return Reflect.apply(target, self, words); },
        construct(target, words, newTarget) { note(what); return Reflect.construct(target, words, newTarget); },
      }),
    });
  };
  watch(RealDate, "now", "the date");
  Object.defineProperty(RealDate.prototype, "constructor", { value: wrapped, writable: true, configurable: true });
  Object.defineProperty(window, "Date", { value: wrapped, writable: true, configurable: true });
  watch(Math, "random", "randomness");
  for (const name of ["getRandomValues", "randomUUID"]) watch(window.Crypto?.prototype, name, "randomness");
  watch(Intl.DateTimeFormat.prototype, "formatToParts", "the date", (words) => words[0] === undefined);
  for (const name of ["Worker", "SharedWorker"]) watch(window, name, "a worker");
  for (const name of ["instant", "plainDateISO", "plainDateTimeISO", "zonedDateTimeISO", "plainTimeISO"]) {
    watch(window.Temporal?.Now, name, "the date");
  }
})();
