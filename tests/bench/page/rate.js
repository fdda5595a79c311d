// Operations a second of `work(count)`, over at least `seconds`.
const rateOf = (work, seconds) => {
  let count = 1;
  for (;;) {
    const start = performance.now();
    work(count);
    const elapsed = (performance.now() - start) / 1000;
    if (elapsed >= seconds) return count / elapsed;
    count = Math.ceil(count * Math.min(10, Math.max(1.2, (1.1 * seconds) / Math.max(elapsed, 0.001))));
  }
};
globalThis.rateOf = rateOf;
