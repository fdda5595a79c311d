// What any script of this origin can do to a lab: it posts on every channel whatever can be posted, and writes nonsense
// over what the lab remembers. `args` is the lab's name.
const lab = args;
const circular = {};
circular.self = circular;
const deep = () => {
    let value = "bottom";
    for (let level = 0; level < 500; level += 1) value = { value };
    return value;
};
const bytes = (length) => crypto.getRandomValues(new Uint8Array(length));
const whatever = [
    undefined, null, true, 0, -1, NaN, Infinity, 2 ** 53, 10n, "", "\0", "x".repeat(1_000_000), "who who", "up", "up 3001",
    "up 0 net", "up 65536 net", "up 3001 " + "x".repeat(200), "down", "down 70000", "watch me", {}, { id: 3001 }, deep(),
    circular, [], new Array(100_000).fill({}), new Map([[1, new Map()]]), new Set(["watch"]), new Date(), /./u, new Error("no"),
    new Blob(["up 3001 net"]), new ArrayBuffer(300_000), new ArrayBuffer(31), new Float64Array(9), new DataView(new ArrayBuffer(40)),
    new Uint8Array(0), bytes(1), bytes(30), bytes(31), bytes(65_536), new Uint8Array(8_000_000), new Uint8ClampedArray(44),
    { Snapshot: {} }, { id: 3000, role: "full", state: "running", peers: "many" }, { Boot: {} },
];

// A frame with a right header and a body that fits its kind, or nearly.
const view = (array) => new DataView(array.buffer);
const frame = (kind, from, to, opener, acceptor, body) => {
    const array = new Uint8Array(31 + body.length);
    array.set([1, kind, Math.random() < 0.5 ? 0 : 1, 127, 0, 0, 1]);
    view(array).setUint16(7, from);
    array.set([127, 0, 0, 1], 9);
    view(array).setUint16(13, to);
    view(array).setBigUint64(15, opener, true);
    view(array).setBigUint64(23, acceptor, true);
    array.set(body, 31);
    return array;
};
const id = () => (Math.random() < 0.2 ? 0n : view(bytes(8)).getBigUint64(0));
const port = () => 3000 + Math.floor(Math.random() * 4);
const forged = (to) => {
    const kind = Math.floor(Math.random() * 8);
    const bodies = [0, 8, 8, 4 + Math.floor(Math.random() * 100), 8, 4, 1, 3];
    return frame(kind, port(), to, id(), id(), bytes(bodies[kind]));
};

const post = (name, messages) => {
    const channel = new BroadcastChannel(`terrarium/${lab}/${name}`);
    for (const message of messages) channel.postMessage(message);
    channel.close();
};
const many = (count, make) => Array.from({ length: count }, (_, index) => make(index));
for (const node of [3000, 3001, 3002]) {
    post(`node/${node}`, [...whatever, "up 3000 net", ...many(500, (n) => bytes(n)), ...many(2_000, () => forged(node))]);
    // More sessions than a node takes, of addresses that there are none of.
    post(`node/${node}`, many(1_500, (n) => frame(1, 10_000 + n, node, BigInt(n + 1), 0n, bytes(8)).fill(0, 2, 3)));
    post(`watch/${node}`, [...whatever, ...many(200, () => "watch"), ...many(100, bytes)]);
}
post("directory", [
    ...whatever, ...many(1_500, (n) => `up ${20_000 + n} elsewhere`), ...many(300, () => "who"),
    ...many(50, (n) => `down ${3000 + (n % 3)}`),
]);
window.postMessage({ Failed: { text: "no" } }, location.origin);

// From another document of this origin, so that the page hears of it.
const other = document.body.appendChild(document.createElement("iframe"));
const storage = other.contentWindow.localStorage;
for (const value of ["", "null", "{", "[{}]", "7", '[{"config":{"id":0}}]', "x".repeat(100_000)]) {
    for (const key of ["nodes", "links", "clock", "speed", "files", "setup"]) storage.setItem(`terrarium/${lab}/${key}`, value);
}
other.remove();
