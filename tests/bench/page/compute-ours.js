// The product's own functions, compiled as the worker is.
"use strict";
importScripts("rate.js", "terrarium-bench.js");
const verifier = fetch("terrarium-verifier.wasm").then((response) => response.arrayBuffer()).then(WebAssembly.compile);
// As boot.js has it.
verifier.then((module) => (self.terrariumVerifier = module)).catch(() => undefined).then(async () => {
  await wasm_bindgen({ module_or_path: "terrarium-bench_bg.wasm" });
  const work = { headers: wasm_bindgen.hash_headers, signatures: wasm_bindgen.verify_signatures };
  self.onmessage = ({ data }) => self.postMessage(rateOf(work[data.name], data.seconds));
  self.postMessage("up");
});
