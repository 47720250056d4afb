// Checks a bundle (ahadi.bundle/1) with jose and node:crypto, without any code of Ahadi.
//
//     node check.mjs BUNDLE
//
// The keys are the bundle's own: compare the root key and the verifier key with those you pinned. Prints PASS lines;
// the first FAIL ends it, with exit code 1.

import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader, importJWK } from "jose";

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const b64url = (bytes) => Buffer.from(bytes).toString("base64url");
const okp = (x) => ({ kty: "OKP", crv: "Ed25519", x });

function require(good, what) {
  if (!good) throw new Error(what);
}

/** Buffer takes many spellings; here only the one that encoding gives back. */
function decode(text, encoding) {
  const bytes = Buffer.from(text, encoding);
  require(bytes.toString(encoding) === text, `not the one ${encoding} form of its bytes`);
  return bytes;
}

function ed25519(x, message, signature, what) {
  const key = createPublicKey({ key: okp(x), format: "jwk" });
  require(verify(null, Buffer.from(message), key, signature), `${what}: the signature does not verify`);
}

/** C2SP signed-note and tlog-checkpoint. */
function openCheckpoint(note, vkey) {
  const [name, id] = vkey.split("+", 2);
  const typed = decode(vkey.slice(name.length + id.length + 2), "base64");
  require(typed.length === 33 && typed[0] === 1, "the verifier key is not Ed25519");
  require(sha256(`${name}\n`, typed).subarray(0, 4).toString("hex") === id, "the verifier key's id is not its hash");
  const end = note.indexOf("\n\n");
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2).split("\n").filter((line) => line !== "").map((line) => line.split(" "));
  const ours = lines
    .map(([, signer, blob]) => [signer, decode(blob, "base64")])
    .filter(([signer, blob]) => signer === name && blob.subarray(0, 4).toString("hex") === id);
  require(ours.length > 0, "the checkpoint is not signed by the log key");
  for (const [, blob] of ours) ed25519(b64url(typed.subarray(1)), text, blob.subarray(4), "checkpoint");
  const [origin, size, root] = text.split("\n");
  require(origin === name && /^(0|[1-9]\d*)$/.test(size), "the checkpoint is malformed");
  return { origin, size: Number(size), root: decode(root, "base64") };
}

/** RFC 9162 section 2.1.3.2, from the leaf hash that is computed here. Sizes here stay far below 2^31. */
function checkInclusion({ position, jws, proof }, note, { size, root }) {
  const end = proof.indexOf("\n\n");
  const [form, index, ...path] = proof.slice(0, end).split("\n");
  require(form === "c2sp.org/tlog-proof@v1" && index === `index ${position}`, "a proof of something else");
  require(proof.slice(end + 2) === note, "a proof under another checkpoint");
  require(position < size, "the record lies behind the checkpoint");
  let node = sha256(Buffer.of(0), jws);
  let [fn, sn] = [position, size - 1];
  const up = () => ([fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]);
  for (const step of path) {
    require(sn > 0, "the proof is too long");
    const sibling = decode(step, "base64");
    if (fn % 2 === 1 || fn === sn) {
      node = sha256(Buffer.of(1), sibling, node);
      while (fn > 0 && fn % 2 === 0) up();
    } else {
      node = sha256(Buffer.of(1), node, sibling);
    }
    up();
  }
  require(sn === 0 && node.equals(root), `record ${position} is not in the log of this checkpoint`);
}

/** Takes in a key record: the root key names the others, for positions to come. */
async function applyKeyRecord(keys, { position, payload }, root, origin) {
  const { root_signature, possession_signature, ...said } = payload.data;
  const bytes = JSON.stringify(said, Object.keys(said).sort());
  ed25519(root, bytes, decode(root_signature, "base64url"), `key statement in record ${position}`);
  require(said.origin === origin && payload.type === `key.${said.action}`, "a key statement of something else");
  require((await calculateJwkThumbprint(okp(said.public_key))) === said.kid, "a kid that is not the thumbprint");
  const from = said.from_position ?? (position === 0 ? 0 : position + 1);
  if (said.action === "added") {
    require(!keys.has(said.kid), "a key that is added twice");
    ed25519(said.public_key, bytes, decode(possession_signature, "base64url"), "proof of possession");
    keys.set(said.kid, { x: said.public_key, role: said.role, from, until: Infinity });
  } else {
    const range = keys.get(said.kid);
    range.until = Math.min(range.until, from);
  }
}

/** The record key that may have signed at this position; the very first record brings its own. */
function signer(keys, kid, position, payload) {
  if (position === 0 && payload.data.kid === kid) return payload.data.public_key;
  const range = keys.get(kid);
  require(range?.role === "record", `record ${position} is signed by an unknown key`);
  require(range.from <= position && position < range.until, `key ${kid} may not sign record ${position}`);
  return range.x;
}

function commitments(value) {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([name, member]) => (name === "_sd" ? member : commitments(member)));
}

function entriesOf(bundle) {
  require(bundle.records.length === bundle.proofs.length, "not one proof for each record");
  const entries = new Map();
  const records = bundle.records.map((record, index) => ({ ...record, proof: bundle.proofs[index] }));
  for (const entry of [...records, ...bundle.keys.records]) {
    require((entries.get(entry.position)?.jws ?? entry.jws) === entry.jws, "two records at one position");
    entries.set(entry.position, entry);
  }
  return [...entries.values()].sort((a, b) => a.position - b.position);
}

async function checkEntries(bundle, checkpoint) {
  const [keys, heads, payloads] = [new Map(), new Map(), new Map()];
  for (const entry of entriesOf(bundle)) {
    const { position, jws } = entry;
    checkInclusion(entry, bundle.checkpoint, checkpoint);
    jws.split(".").forEach((part) => decode(part, "base64url"));
    const { kid, alg, typ, ...others } = decodeProtectedHeader(jws);
    require(alg === "EdDSA" && typ === "ahadi-record+sd-jwt", "a header of something else");
    require(Object.keys(others).length === 0, "a header with other members");
    const bytes = Buffer.from(jws.split(".")[1], "base64url");
    const payload = JSON.parse(bytes.toString("utf8"));
    const key = okp(signer(keys, kid, position, payload));
    require((await calculateJwkThumbprint(key)) === kid, "a kid that is not the thumbprint");
    await compactVerify(jws, await importJWK(key, "EdDSA"), { algorithms: ["EdDSA"] });
    require(payload.log === checkpoint.origin, `record ${position} is of another log`);
    const head = heads.get(payload.stream) ?? { version: 0, hash: null };
    const follows = payload.version === head.version + 1 && payload.prev === head.hash;
    require(follows, `record ${position} does not follow in ${payload.stream}`);
    heads.set(payload.stream, { version: payload.version, hash: sha256(bytes).toString("hex") });
    const root = bundle.keys.root.x;
    if (payload.stream === "ledger/keys") await applyKeyRecord(keys, { position, payload }, root, checkpoint.origin);
    payloads.set(position, payload);
  }
  return payloads;
}

function checkDocument(bundle, payloads) {
  const about = [...payloads.values()].filter((payload) => payload.stream === bundle.stream);
  require(about.length > 0, "no record of the stream the bundle is about");
  const quoted = about.map((payload) => payload.data.document_sha256).filter((hash) => hash !== undefined);
  if (bundle.document === undefined) {
    require(quoted.length === 0, "the stream quotes a document that is not in the bundle");
    return;
  }
  require(quoted.includes(sha256(bundle.document).toString("hex")), "the document is not the one the records quote");
  console.log("PASS node:crypto: the document's hash is the one the records quote");
}

function checkDisclosures(bundle, payloads) {
  const given = Object.entries(bundle.disclosures).flatMap(([at, many]) =>
    many.map((encoded) => [payloads.get(Number(at)), encoded]),
  );
  const document = JSON.parse(bundle.document ?? "{}");
  given.push(...bundle.document_disclosures.map((encoded) => [document, encoded]));
  for (const [holder, encoded] of given) {
    const opened = commitments(holder).filter((digest) => digest === b64url(sha256(encoded)));
    require(opened.length === 1, "a disclosure that opens no commitment");
    require(JSON.parse(decode(encoded, "base64url")).length === 3, "a disclosure of another form");
  }
  console.log(`PASS node:crypto: ${given.length} disclosures open one commitment each`);
}

async function check(bundle) {
  require(bundle.v === "ahadi.bundle/1", "not a bundle of version 1");
  const checkpoint = openCheckpoint(bundle.checkpoint, bundle.keys.log_vkey);
  require(checkpoint.origin === bundle.origin, "a bundle of another log");
  console.log(`PASS node:crypto: checkpoint of ${checkpoint.origin} at size ${checkpoint.size}`);
  const payloads = await checkEntries(bundle, checkpoint);
  console.log(`PASS node:crypto: ${payloads.size} leaves are in the log; versions and prev hold`);
  console.log(`PASS jose: ${payloads.size} signatures, by keys the root key named; kids are thumbprints`);
  checkDocument(bundle, payloads);
  checkDisclosures(bundle, payloads);
}

try {
  await check(JSON.parse(readFileSync(process.argv[2], "utf8")));
} catch (error) {
  console.log(`FAIL ${error.message}`);
  process.exitCode = 1;
}
