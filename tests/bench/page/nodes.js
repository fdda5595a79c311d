// Nodes without the page: the product's boot script and worker, spoken to as the page speaks to them.
"use strict";

// The page's own way to start a worker on one compiled module.
const bootScript = fetch("index.html")
  .then((response) => response.text())
  .then((html) => new DOMParser().parseFromString(html, "text/html").getElementById("boot").textContent)
  .then((script) => new Function(script)());

class BenchNode {
  static async boot(id, lab) {
    await bootScript;
    const node = new BenchNode();
    node.worker = terrariumStartWorker("bench");
    node.replies = new Map();
    node.watchers = new Set();
    node.worker.onerror = (event) => node.tell({ Failed: { text: event.message } });
    node.worker.onmessage = (event) => node.tell(event.data);
    const ready = node.until((message) => message.Ready);
    const now = Date.now();
    const config = { id, role: "full", network: "regtest", sync: "headers", connect: [] };
    const clock = { wall_ms: now, lab_ms: now, speed: 1 };
    node.worker.postMessage({ Boot: { config, lab, build: "bench", owner: "bench", clock } });
    node.storage = (await ready).storage;
    return node;
  }

  tell(message) {
    if (message.Failed) throw new Error(message.Failed.text);
    if (message.Reply) {
      const { Ok: reply, Err: error } = message.Reply.result;
      const { resolve, reject } = this.replies.get(message.Reply.id);
      this.replies.delete(message.Reply.id);
      if (error === undefined) resolve(reply);
      else reject(new Error(JSON.stringify(error)));
    }
    for (const watcher of this.watchers) watcher(message);
  }

  command(command) {
    const id = (this.lastId = (this.lastId ?? 0) + 1);
    this.worker.postMessage({ Command: { id, command } });
    return new Promise((resolve, reject) => this.replies.set(id, { resolve, reject }));
  }

  // The first truthy answer of `find` to a message.
  until(find) {
    return new Promise((resolve) => {
      const watcher = (message) => {
        const found = find(message);
        if (!found) return;
        this.watchers.delete(watcher);
        resolve(found);
      };
      this.watchers.add(watcher);
    });
  }

  close() {
    this.worker.terminate();
  }
}

const START = { miner: undefined, connect: [], seed_nodes: [], sync: undefined };

// Seconds that a new node takes for the chain in `file` (up to `height`) from another, both on IndexedDB: until its tip is
// there, and until that is committed.
const measureSync = async (file, height) => {
  const lab = `bench-${crypto.randomUUID()}`;
  const bytes = new Uint8Array(await (await fetch(file)).arrayBuffer());
  const source = await BenchNode.boot(3000, lab);
  await source.command({ ImportChain: { file: bytes } });
  await source.command({ StartNode: START });
  const target = await BenchNode.boot(3001, lab);
  if (source.storage !== "Durable" || target.storage !== "Durable") throw new Error("not on IndexedDB");
  const atTip = ({ Events: batch, Snapshot: state }) =>
    batch?.events.some((event) => event.Block?.height === height) || state?.chain?.height === height;
  const arrived = target.until(atTip);
  const committed = target.until(({ Snapshot: state }) => state?.chain?.height === height && state.pending_bytes === 0);
  const start = performance.now();
  await target.command({ StartNode: { ...START, connect: [3000] } });
  await arrived;
  const tip = (performance.now() - start) / 1000;
  await committed;
  const stored = (performance.now() - start) / 1000;
  source.close();
  target.close();
  return { tip, stored };
};
