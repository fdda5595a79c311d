// The page from scripts: `window.terrarium`. Ids may be numbers or strings; promises always settle, rejections are Errors.

export type NodeId = string | number;

export type Role = "full" | "miner" | "wallet" | "central" | "spv";

export interface NodeInfo {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly state: "starting" | "running" | "stopped" | "viewer" | "killed" | "crashed";
  /** Null until the node has a chain. */
  readonly height: number | null;
  readonly tip: string | null;
  /** 64 hex digits. */
  readonly chainwork: string | null;
  readonly peers: number;
  readonly mempool: number;
  readonly hashesPerSecond: number;
  readonly banned: number;
  /** Bytes that wait to be committed to the store. */
  readonly pendingBytes: number;
}

export interface LinkSettings {
  /** One way, milliseconds. */
  latencyMs?: number;
  /** Up to this much more, milliseconds. */
  jitterMs?: number;
  /** Bytes a second; 0 is unlimited. */
  bandwidth?: number;
  /** Nothing passes. */
  cut?: boolean;
}

export interface Events {
  block: { id: string; hash: string; height: number };
  tx: { id: string; txid: string };
  message: { id: string; peer: string; direction: "inbound" | "outbound"; command: string; length: number };
  reorg: { id: string; from: string; to: string; disconnected: string[]; connected: string[] };
  peer: {
    id: string;
    peer: string;
    state: "connecting" | "handshaking" | "connected" | "disconnected";
    reason: string | null;
  };
  /** Something unusual that may be an attack began, or is over. */
  warning: {
    id: string;
    code: "low-diversity" | "message-rate" | "uniform-agents" | "stale-tip" | "low-work-headers";
    text: string;
    active: boolean;
  };
  log: { id: string; line: string };
  crash: { id: string; text: string };
}

export interface LinkPath {
  /** The other browser's address in the room. */
  readonly address: string;
  readonly path: "relay" | "direct";
  /** As in `getpeerinfo`; times in milliseconds since 1970. */
  readonly steps: readonly { readonly time: number; readonly step: string }[];
}

export interface ScenarioReport {
  passed: boolean;
  steps: { line: number; text: string; output: string[]; failure: string | null }[];
}

export interface Terminal {
  /** Runs a line; a terminal takes one at a time. */
  run(line: string): Promise<string>;
}

export interface Terrarium {
  readonly version: string;
  /** Resolves once the scene's nodes are listed. Their first coins come some seconds later. */
  readonly ready: Promise<void>;
  /** Makes a node, or opens a killed, stopped or crashed one again; on a running one it changes nothing. Its role is
   *  `full` and it is started, unless the options say otherwise. */
  spawn(options: { id: NodeId; role?: Role; start?: boolean }): Promise<void>;
  /** Resolves once the node is on the network, rejects with why it is not. */
  start(id: NodeId): Promise<void>;
  /** Leaves the network; `exec` still works. */
  stop(id: NodeId): Promise<void>;
  /** Takes the node off the page and deletes what it stored. */
  remove(id: NodeId): Promise<void>;
  /** Ends the node's worker at once; nothing but `spawn` or `start` brings it back. */
  kill(id: NodeId): void;
  /** Runs a console line at a node; resolves to its output, rejects with the line that the console shows. */
  exec(id: NodeId, line: string): Promise<string>;
  /** A free terminal with its own NODE_ID. */
  terminal(): Terminal;
  /** The nodes by id, as of their last snapshots. */
  nodes(): readonly NodeInfo[];
  /** Mines one block; resolves to its hash. */
  mine(id: NodeId): Promise<string | null>;
  /** Sets the miner's dial, 0 to 32 kH/s. */
  setHashRate(id: NodeId, kHs: number): void;
  connect(a: NodeId, b: NodeId): Promise<void>;
  /** Sets one link. Links, cuts and the clock are the lab's: they hold in every tab of it, and after a reload. */
  link(a: NodeId, b: NodeId, settings: LinkSettings): void;
  /** Cuts the network into groups; nodes not named form one more. A node added later joins that one, else the largest. */
  partition(groups: readonly (readonly NodeId[])[]): void;
  heal(): void;
  /** Calls `listener` from now on; the function that it returns ends that. */
  on<K extends keyof Events>(event: K, listener: (payload: Readonly<Events[K]>) => void): () => void;
  /** The lab as a file; with `keys` it has the wallets' private keys too. */
  saveLab(options?: { keys?: boolean }): Promise<Uint8Array>;
  /** Puts the lab of a file in the place of this one; a file that cannot be used changes nothing. */
  openLab(file: Uint8Array): Promise<void>;
  /** Opens the node anew and records all that it is told and does from then on. */
  record(id: NodeId): Promise<void>;
  /** Records no more; what there is stays until the node is removed or recorded anew, or the page goes. */
  stopRecording(id: NodeId): void;
  /** What is recorded of the node up to now: text that `cargo xtask sim --replay FILE` replays. It has the wallet's private keys in it, and `keys` says that you know. */
  trace(id: NodeId, options: { keys: true }): Promise<string>;
  /** In a relay's room: how the links to other browsers go, and step by step how that came to be. Those not named go by the relay. */
  paths(): readonly LinkPath[];
  /** Whether links to other browsers may be direct, as at first; if not, the relay carries them all. */
  allowDirect(allowed: boolean): void;
  /** Runs a scenario file. */
  scenario(text: string): Promise<ScenarioReport>;
}

declare global {
  interface Window {
    readonly terrarium: Terrarium;
  }
}
