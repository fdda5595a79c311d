"use strict";
// As index.html's boot script, from what this file carries instead of from a server.
(() => {
  const text = (id) => document.getElementById(id).textContent;
  window.terrariumInline = (id) => Uint8Array.from(atob(text(id)), (char) => char.charCodeAt(0));
  const script = URL.createObjectURL(new Blob([text("worker-script")], { type: "text/javascript" }));
  const module = WebAssembly.compile(window.terrariumInline("worker-wasm"));
  module.catch(() => {});
  const workers = [];
  window.terrariumEndWorkers = () => workers.forEach((worker) => worker.deref()?.terminate());
  window.terrariumStartWorker = () => {
    const worker = new Worker(script);
    workers.push(new WeakRef(worker));
    module.then(
      (compiled) => worker.postMessage({ boot: { module: compiled } }),
      (error) => worker.postMessage({ boot: { error: String(error) } }),
    );
    return worker;
  };
})();
