// Starts a node's wasm inside its worker. A classic script, so that it also runs from a blob and on file://.
//
// Until the wasm is up nobody listens, and a message without a listener is lost: everything that arrives before is kept and
// handed on, in order, once the Rust main function has installed its own listener (synchronously, on `self`).
// The page's first message of the form { boot: { glue, module, verifier, copy } } carries the address of wasm-bindgen's script
// (absent where that script is already part of this one), the compiled module, that of the accelerator for signatures (absent
// where the browser cannot run it), and, as a Blob, this script with wasm-bindgen's (absent where the page does not have it
// yet); { boot: { error } } says why there is no module.
"use strict";
(() => {
  const early = [];
  const keep = (event) => {
    const boot = event.data && event.data.boot;
    if (boot) start(boot);
    else early.push(event);
  };
  const fail = (error) => {
    // Out of the promise and into the worker's `error` event, which is where the page looks.
    setTimeout(() => {
      throw error;
    });
  };
  let address;
  // A worker inside this one, on the same script and the same module. On file:// it starts only from a Blob's address that
  // was made in here.
  const startHelper = ({ glue, module, verifier, copy }) => {
    address ??= copy ? URL.createObjectURL(copy) : location.href;
    const helper = new Worker(address);
    helper.postMessage({ boot: { glue: copy ? undefined : glue, module, verifier } });
    return helper;
  };
  const start = async (boot) => {
    try {
      if (boot.error) throw new Error(boot.error);
      if (boot.glue) importScripts(boot.glue);
      await wasm_bindgen({ module_or_path: boot.module });
      self.terrariumStartHelper = () => startHelper(boot);
      self.terrariumVerifier = boot.verifier;
      self.removeEventListener("message", keep);
      for (const event of early.splice(0)) {
        self.dispatchEvent(new MessageEvent("message", { data: event.data, ports: [...event.ports] }));
      }
    } catch (error) {
      fail(error);
    }
  };
  self.addEventListener("message", keep);
})();
