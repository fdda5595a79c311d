// What a page without Terrarium would use.
import "./rate.js";
import { sha256 } from "./noble/hashes/sha2.js";
import { hmac } from "./noble/hashes/hmac.js";
import * as secp from "./noble/secp256k1/index.js";

secp.hashes.sha256 = sha256;
secp.hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

const hashHeaders = (count) => {
  const header = new Uint8Array(80);
  const view = new DataView(header.buffer);
  for (let nonce = 0; nonce < count; nonce += 1) {
    view.setUint32(76, nonce, true);
    sha256(sha256(header));
  }
};

const secret = new Uint8Array(32).fill(7);
const publicKey = secp.getPublicKey(secret);
const digest = new Uint8Array(32).fill(9);
const signature = secp.sign(digest, secret, { prehash: false });
const verifySignatures = (count) => {
  for (let done = 0; done < count; done += 1) {
    if (!secp.verify(signature, digest, publicKey, { prehash: false })) throw new Error("a good signature is refused");
  }
};

const work = { headers: hashHeaders, signatures: verifySignatures };
self.onmessage = ({ data }) => self.postMessage(rateOf(work[data.name], data.seconds));
self.postMessage("up");
