// The product's own functions, compiled as the worker is.
"use strict";
importScripts("rate.js", "terrarium-bench.js");
wasm_bindgen({ module_or_path: "terrarium-bench_bg.wasm" }).then(() => {
  const work = { headers: wasm_bindgen.hash_headers, signatures: wasm_bindgen.verify_signatures };
  self.onmessage = ({ data }) => self.postMessage(rateOf(work[data.name], data.seconds));
  self.postMessage("up");
});
