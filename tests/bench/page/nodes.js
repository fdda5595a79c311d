// Nodes without the page: the product's boot script and worker, spoken to as the page speaks to them. The bench's wasm
// writes and reads the messages.
"use strict";

// The page's own way to start a worker on one compiled module.
const bootScript = fetch("index.html")
  .then((response) => response.text())
  .then((html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const id of ["boot", "workers"]) new Function(page.getElementById(id).textContent)();
  });

const codec = wasm_bindgen({ module_or_path: "terrarium-bench_bg.wasm" }).then(() => wasm_bindgen);

class BenchNode {
  static async boot(id, lab) {
    await bootScript;
    const { boot, hear } = await codec;
    const node = new BenchNode();
    node.worker = terrariumStartWorker("bench");
    node.replies = new Map();
    node.watchers = new Set();
    node.worker.onerror = (event) => node.tell({ failure: event.message });
    node.worker.onmessage = (event) => node.tell(hear(event.data));
    const ready = node.until((heard) => heard.durable !== undefined);
    node.worker.postMessage(boot(id, lab, Date.now()));
    node.durable = (await ready).durable;
    return node;
  }

  tell(heard) {
    const { answered, failure } = heard;
    if (answered !== undefined) {
      const { resolve, reject } = this.replies.get(answered);
      this.replies.delete(answered);
      if (failure === undefined) resolve();
      else reject(new Error(failure));
    } else if (failure !== undefined) {
      throw new Error(failure);
    }
    for (const watcher of this.watchers) watcher(heard);
  }

  // Sends the command that `write` makes of its id.
  command(write) {
    const id = (this.lastId = (this.lastId ?? 0) + 1);
    this.worker.postMessage(write(id));
    return new Promise((resolve, reject) => this.replies.set(id, { resolve, reject }));
  }

  // The first message that `holds` of.
  until(holds) {
    return new Promise((resolve) => {
      const watcher = (heard) => {
        if (!holds(heard)) return;
        this.watchers.delete(watcher);
        resolve(heard);
      };
      this.watchers.add(watcher);
    });
  }

  close() {
    this.worker.terminate();
  }
}

// Seconds that a new node takes for the chain in `file` (up to `height`) from another, both on IndexedDB: until its tip is
// there, and until that is committed.
const measureSync = async (file, height) => {
  const lab = `bench-${crypto.randomUUID()}`;
  const bytes = new Uint8Array(await (await fetch(file)).arrayBuffer());
  const { import_chain, start_node } = await codec;
  const source = await BenchNode.boot(3000, lab);
  await source.command((id) => import_chain(id, bytes));
  await source.command((id) => start_node(id, []));
  const target = await BenchNode.boot(3001, lab);
  if (!source.durable || !target.durable) throw new Error("not on IndexedDB");
  const arrived = target.until((heard) => heard.height === height);
  const committed = target.until((heard) => heard.height === height && heard.pending === 0);
  const start = performance.now();
  await target.command((id) => start_node(id, [3000]));
  await arrived;
  const tip = (performance.now() - start) / 1000;
  await committed;
  const stored = (performance.now() - start) / 1000;
  source.close();
  target.close();
  return { tip, stored };
};
