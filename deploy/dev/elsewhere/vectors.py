"""Checks the test vectors with docs/reference/verify.py, and verify.py with jwcrypto and rfc8785: `vectors.py VECTORS`.

Prints PASS lines; the first fault ends it, with exit code 1.
"""

import hashlib
import json
import sys
import uuid

import rfc8785
import verify
from jwcrypto import jwk, jws

with open(sys.argv[1], encoding="utf-8") as file:
    VECTORS = json.load(file)
ORIGIN, KEYS, LOG = VECTORS["origin"], VECTORS["keys"], VECTORS["log"]


def same(found, wanted, what):
    if found != wanted:
        sys.exit(f"FAIL {what}: {found!r} instead of {wanted!r}")


for name in ("root", "record", "second_record"):
    key = KEYS[name]
    same(hashlib.sha256(key["seed_of"].encode()).hexdigest(), key["seed"], f"seed of {name}")
    public = verify.nacl.signing.SigningKey(bytes.fromhex(key["seed"])).verify_key.encode()
    same(verify.b64url(public), key["jwk"]["x"], f"public key of {name}")
    same(verify.thumbprint(public), key["kid"], f"kid of {name}")
    same(jwk.JWK(**key["jwk"]).thumbprint(), key["kid"], f"kid of {name} by jwcrypto")

for one in VECTORS["derivations"]["salts"]:
    salt = verify.sha256(bytes.fromhex(one["seed"]), b"ahadi.salt", one["n"].to_bytes(4, "big"))[:16]
    same(verify.b64url(salt), one["salt"], f"salt {one['n']}")
for one in VECTORS["derivations"]["record_ids"]:
    source = uuid.UUID(one["input"]).bytes
    parts = [b"ahadi.record-id", b"\0", one["origin"].encode(), b"\0", source]
    derived = bytearray(source[:6] + verify.sha256(*parts, one["ordinal"].to_bytes(4, "big"))[:10])
    derived[6], derived[8] = derived[6] & 0x0F | 0x80, derived[8] & 0x3F | 0x80
    same(str(uuid.UUID(bytes=bytes(derived))), one["id"], f"record id {one['ordinal']}")
for one in VECTORS["derivations"]["disclosures"]:
    encoded = verify.b64url(verify.dumps([one["salt"], one["name"], one["value"]]))
    same(encoded, one["encoded"], f"disclosure {one['name']}")
    same(verify.opened(encoded), (one["digest"], one["name"], one["value"]), f"disclosure {one['name']}")


def root_of(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else verify.sha256()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return verify.node(root_of(leaves[:k]), root_of(leaves[k:]))


ring, leaves = verify.Ring(ORIGIN, verify.public_key(KEYS["root"]["jwk"]["x"])), []
same(root_of(leaves).hex(), LOG["roots"][0], "root of nothing")
for one in LOG["records"]:
    record = verify.open_record(one["jws"])
    public = ring.signer(one["position"], record)
    verify.ed25519(public, one["jws"].rpartition(".")[0].encode(), record["signature"], "the signature")
    token = jws.JWS()
    token.allowed_algs = ["EdDSA"]
    token.deserialize(one["jws"])
    token.verify(jwk.JWK(kty="OKP", crv="Ed25519", x=verify.b64url(public)))
    same(token.payload, record["payload"], "the payload by jwcrypto")
    same(rfc8785.dumps(json.loads(token.payload)), record["payload"], "the canonical form by rfc8785")
    if record["stream"] == "ledger/keys":
        ring.apply(one["position"], record)
    verify.check_disclosures(record, one["disclosures"])
    leaves.append(verify.sha256(b"\0", one["jws"].encode()))
    found = [record["stream"], record["version"], record["prev"], verify.sha256(record["payload"]).hex(), leaves[-1].hex()]
    wanted = [one[name] for name in ("stream", "version", "prev", "payload_sha256", "leaf")]
    same(found, wanted, f"record {one['position']}")
    same(root_of(leaves).hex(), LOG["roots"][len(leaves)], f"root of {len(leaves)}")

_, size, root = verify.open_checkpoint(LOG["checkpoint"], KEYS["log"]["vkey"])
same((size, root.hex()), (len(leaves), LOG["roots"][-1]), "checkpoint")
at = int(LOG["proof"].split("\n")[1].split(" ")[1])
verify.check_inclusion(at, LOG["records"][at]["jws"], LOG["proof"], LOG["checkpoint"], size, root)
verify.canonical(LOG["document"].encode())
same(verify.sha256(LOG["document"].encode()).hex(), LOG["document_sha256"], "document")


def growth(old, new, whole=True):
    """RFC 6962 section 2.1.2, for every pair of sizes."""
    if old == len(new):
        return [] if whole else [root_of(new)]
    k = 1 << (len(new) - 1).bit_length() - 1
    if old <= k:
        return [*growth(old, new[:k], whole), root_of(new[k:])]
    return [*growth(old - k, new[k:], False), root_of(new[:k])]


for new in range(1, len(leaves) + 1):
    for old in range(1, new + 1):
        roots = [bytes.fromhex(LOG["roots"][size]) for size in (old, new)]
        same(verify.extend(old, new, growth(old, leaves[:new]), roots[0]), roots, f"growth from {old} to {new}")
print(f"PASS verify.py: keys, derivations, {len(leaves)} records, roots, growth, checkpoint, proof, document of the vectors")
print(f"PASS jwcrypto, rfc8785: thumbprints, and signature and canonical form of {len(leaves)} records")
