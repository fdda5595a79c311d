// Rates of the product's code and of its references, each in a worker of its own, in turns.
"use strict";

// A worker that answers { run: name, seconds } with operations a second, once it is up.
const openBench = (script, options) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(script, options);
    worker.onerror = (event) => reject(new Error(`${script}: ${event.message}`));
    const next = () => new Promise((answer) => (worker.onmessage = (event) => answer(event.data)));
    next().then(() => {
      resolve({
        run(name, seconds) {
          const answer = next();
          worker.postMessage({ name, seconds });
          return answer;
        },
        close: () => worker.terminate(),
      });
    });
  });

// Medians of operations a second: [ours, reference]. Turns, because a machine's speed drifts.
const compareRates = async (name, rounds, seconds) => {
  const ours = await openBench("compute-ours.js");
  const reference = await openBench("compute-reference.js", { type: "module" });
  const rates = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    rates[0].push(await ours.run(name, seconds));
    rates[1].push(await reference.run(name, seconds));
  }
  ours.close();
  reference.close();
  return rates.map((list) => list.sort((a, b) => a - b)[list.length >> 1]);
};
