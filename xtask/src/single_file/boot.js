"use strict";
// As index.html's script of this name, from what this file carries instead of from a server.
window.terrariumSource = (() => {
  const text = (id) => document.getElementById(id).textContent;
  window.terrariumInline = (id) => Uint8Array.from(atob(text(id)), (char) => char.charCodeAt(0));
  const blob = new Blob([text("worker-script")], { type: "text/javascript" });
  const script = URL.createObjectURL(blob);
  return {
    script: () => script,
    // The blob has it already.
    glue: () => undefined,
    blob: () => blob,
    module: WebAssembly.compile(window.terrariumInline("worker-wasm")),
    verifier: WebAssembly.compile(window.terrariumInline("verifier-wasm")).catch(() => undefined),
  };
})();
