"""Checks a bundle with jwcrypto, PyNaCl and rfc8785, without any code of Ahadi.

    check.py BUNDLE [--root X] [--vkey VKEY]

BUNDLE is a file of the form ahadi.bundle/1. An auditor pins the root key (the `x` of its JWK) and the verifier key of
the log; without them the bundle's own are taken, and what passes proves only that the bundle agrees with itself.

Prints PASS lines; the first FAIL ends it, with exit code 1.
"""

import argparse
import base64
import hashlib
import json
import re

import nacl.exceptions
import nacl.signing
import rfc8785
from jwcrypto import jwk, jws

TYP = "ahadi-record+sd-jwt"
KEYS = "ledger/keys"


class Fault(Exception):
    """Something in the bundle is not as it has to be."""


def require(good, what):
    if not good:
        raise Fault(what)


def unique(pairs):
    members = dict(pairs)
    require(len(members) == len(pairs), "an object repeats a member")
    return members


def load(data):
    return json.loads(data, object_pairs_hook=unique)


def canonical(data, what):
    """The value of these bytes, which must be its RFC 8785 form."""
    value = load(data)
    require(rfc8785.dumps(value) == data, f"{what} is not canonical JSON (RFC 8785)")
    return value


def unb64url(text):
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    require(b64url(data) == text, "not the one base64url form of its bytes")
    return data


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256(data):
    return hashlib.sha256(data).digest()


def ed25519(public, message, signature, what):
    try:
        nacl.signing.VerifyKey(public).verify(message, signature)
    except (nacl.exceptions.BadSignatureError, ValueError, TypeError) as error:
        raise Fault(f"{what}: the signature does not verify") from error


def commitments(value):
    """Every digest in an `_sd` member, at any depth."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from member if name == "_sd" else commitments(member)
    elif isinstance(value, list):
        for member in value:
            yield from commitments(member)


# The log: RFC 6962, C2SP signed-note, tlog-checkpoint and tlog-proof.


def open_checkpoint(note, vkey):
    """Origin, size and root of a note this key signed."""
    name, key_id, encoded = vkey.split("+", 2)
    typed = base64.b64decode(encoded, validate=True)
    require(len(typed) == 33 and typed[0] == 1, "the verifier key is not Ed25519")
    require(sha256(name.encode() + b"\n" + typed)[:4].hex() == key_id, "the verifier key's id is not its hash")
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    signed = False
    for line in signatures.splitlines():
        dash, signer, blob = line.split(" ")
        require(dash == "\u2014", "a signature line that is none")
        blob = base64.b64decode(blob, validate=True)
        if signer == name and blob[:4].hex() == key_id:
            ed25519(typed[1:], text.encode(), blob[4:], "checkpoint")
            signed = True
    require(signed, "the checkpoint is not signed by the log key")
    origin, size, root = text.splitlines()[:3]
    require(origin == name, "a checkpoint of another log")
    root = base64.b64decode(root, validate=True)
    require(len(root) == 32 and str(int(size)) == size, "the checkpoint is malformed")
    return origin, int(size), root


def check_inclusion(position, entry, proof, note, size, root):
    """RFC 9162 section 2.1.3.2, from the leaf hash that is computed here."""
    head, _, proof_note = proof.partition("\n\n")
    form, index, *path = head.split("\n")
    require(form == "c2sp.org/tlog-proof@v1" and index == f"index {position}", "a proof of something else")
    require(proof_note == note, "a proof under another checkpoint")
    require(position < size, "the record lies behind the checkpoint")
    node, fn, sn = sha256(b"\x00" + entry), position, size - 1
    for step in path:
        sibling = base64.b64decode(step, validate=True)
        require(len(sibling) == 32 and sn != 0, "the proof is too long")
        if fn & 1 or fn == sn:
            node = sha256(b"\x01" + sibling + node)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = sha256(b"\x01" + node + sibling)
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0 and node == root, f"record {position} is not in the log of this checkpoint")


# Keys and records.


class Ring:
    """Which record key may sign which positions, as the stream of key records tells."""

    def __init__(self, origin, root):
        self.origin, self.root = origin, root
        self.ranges = {}

    def signer(self, position, kid, payload):
        if kid in self.ranges:
            public, first, end = self.ranges[kid]
            require(first <= position and (end is None or position < end), f"key {kid} may not sign record {position}")
            return public
        data = payload["data"]
        first_of_all = position == 0 and payload["type"] == "key.added" and data.get("kid") == kid
        require(first_of_all, f"record {position} is signed by an unknown key")
        return data["public_key"]

    def apply(self, position, payload):
        data = dict(payload["data"])
        root_signature = unb64url(data.pop("root_signature"))
        possession = data.pop("possession_signature", None)
        said = rfc8785.dumps(data)
        ed25519(self.root, said, root_signature, f"key statement in record {position}")
        require(data["v"] == "ahadi.key/1" and data["origin"] == self.origin, "a key statement for another log")
        require(payload["type"] == "key." + data["action"], "a key statement under another type")
        kid, public = data["kid"], data["public_key"]
        require(thumbprint(public) == kid, "a kid that is not the key's thumbprint")
        earliest = position if position == 0 else position + 1
        first = earliest if data["from_position"] is None else data["from_position"]
        require(first >= earliest, "a key statement for the past")
        if data["action"] == "added":
            require(kid not in self.ranges, "a key that is added twice")
            ed25519(unb64url(public), said, unb64url(possession), f"proof of possession in record {position}")
            if data["role"] == "record":
                self.ranges[kid] = (public, first, None)
        elif data["role"] == "record":
            public, start, end = self.ranges[kid]
            self.ranges[kid] = (public, start, first if end is None else min(first, end))


def thumbprint(x):
    return jwk.JWK(kty="OKP", crv="Ed25519", x=x).thumbprint()


def read(entry):
    """Header and payload of a record, in their one form."""
    header, payload, signature = entry.split(".")
    fields = canonical(unb64url(header), "a header")
    require(set(fields) == {"alg", "kid", "typ"}, "a header with other members")
    require(fields["alg"] == "EdDSA" and fields["typ"] == TYP, "a header of something else")
    unb64url(signature)
    return fields["kid"], unb64url(payload)


def check_signature(entry, x):
    token = jws.JWS()
    token.allowed_algs = ["EdDSA"]
    token.deserialize(entry)
    try:
        token.verify(jwk.JWK(kty="OKP", crv="Ed25519", x=x))
    except jws.InvalidJWSSignature as error:
        raise Fault("jwcrypto: the signature does not verify") from error
    message, _, signature = entry.rpartition(".")
    ed25519(unb64url(x), message.encode(), unb64url(signature), "PyNaCl")


def check(bundle, pins):
    require(bundle["v"] == "ahadi.bundle/1", "not a bundle of version 1")
    root = bundle["keys"]["root"]
    require(root["kty"] == "OKP" and root["crv"] == "Ed25519", "the root key is not Ed25519")
    require(pins.root in (None, root["x"]), "the root key is not the pinned one")
    vkey = bundle["keys"]["log_vkey"]
    require(pins.vkey in (None, vkey), "the verifier key is not the pinned one")

    note = bundle["checkpoint"]
    origin, size, tree_root = open_checkpoint(note, vkey)
    require(origin == bundle["origin"], "a bundle of another log")
    yield f"PyNaCl: checkpoint of {origin} at size {size}"

    records = bundle["records"]
    require(len(records) == len(bundle["proofs"]), "not one proof for each record")
    entries = {one["position"]: (one["jws"], proof) for one, proof in zip(records, bundle["proofs"])}
    require(len(entries) == len(records), "a position stands twice")
    for one in bundle["keys"]["records"]:
        known = entries.setdefault(one["position"], (one["jws"], one["proof"]))
        require(known[0] == one["jws"], "two records at one position")

    ring = Ring(origin, unb64url(root["x"]))
    payloads, heads, ids, latest = {}, {}, set(), ""
    for position, (entry, proof) in sorted(entries.items()):
        check_inclusion(position, entry.encode(), proof, note, size, tree_root)
        kid, data = read(entry)
        payload = canonical(data, f"record {position}")
        require(payload["v"] == "ahadi.record/1" and payload["log"] == origin, f"record {position} is of another log")
        x = ring.signer(position, kid, payload)
        require(thumbprint(x) == kid, "a kid that is not the key's thumbprint")
        check_signature(entry, x)
        version, prev = heads.get(payload["stream"], (0, None))
        require(payload["version"] == version + 1, f"{payload['stream']} has a gap before record {position}")
        require(payload["prev"] == prev, f"record {position} does not follow in {payload['stream']}")
        heads[payload["stream"]] = (payload["version"], sha256(data).hex())
        require(payload["recorded_at"] >= latest and payload["id"] not in ids, f"record {position}: time or id")
        latest = payload["recorded_at"]
        ids.add(payload["id"])
        if payload["stream"] == KEYS:
            ring.apply(position, payload)
        payloads[position] = payload
    count = len(entries)
    yield f"hashlib: {count} leaves are in the log, under the checkpoint"
    yield f"rfc8785: {count} payloads are canonical; versions and prev hold in {len(heads)} streams"
    yield f"jwcrypto, PyNaCl: {count} signatures, by keys the root key named; kids are thumbprints"
    require(bundle["stream"] in heads, "no record of the stream the bundle is about")

    yield from check_document(bundle, payloads)
    yield from check_disclosures(bundle, payloads)


def check_document(bundle, payloads):
    about = [one["data"] for one in payloads.values() if one["stream"] == bundle["stream"]]
    quoted = {data["document_sha256"] for data in about if "document_sha256" in data}
    document = bundle.get("document")
    if document is None:
        require(not quoted, "the stream quotes a document that is not in the bundle")
        return
    canonical(document.encode(), "the document")
    digest = sha256(document.encode()).hex()
    require(digest in quoted, "the document is not the one the records quote")
    yield f"hashlib, rfc8785: the document is canonical and quoted as {digest}"


def check_disclosures(bundle, payloads):
    given = [(int(at), one) for at, many in bundle["disclosures"].items() for one in many]
    document = load(bundle.get("document") or "{}")
    opened = [(payloads.get(at), one) for at, one in given]
    opened += [(document, one) for one in bundle["document_disclosures"]]
    for holder, encoded in opened:
        require(holder is not None, "a disclosure for a record that is not there")
        digest = b64url(sha256(encoded.encode()))
        require(list(commitments(holder)).count(digest) == 1, "a disclosure that opens no commitment")
        salt, name, _ = load(unb64url(encoded))
        require(len(unb64url(salt)) == 16 and re.fullmatch("[a-z0-9_]+", name), "a disclosure of another form")
    digests = [encoded for _, encoded in opened]
    require(len(set(digests)) == len(digests), "a disclosure is given twice")
    yield f"hashlib: {len(opened)} disclosures (RFC 9901) open one commitment each"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("bundle")
    arguments.add_argument("--root")
    arguments.add_argument("--vkey")
    pins = arguments.parse_args()
    try:
        with open(pins.bundle, "rb") as file:
            bundle = load(file.read())
        for line in check(bundle, pins):
            print(f"PASS {line}")
    except Fault as fault:
        print(f"FAIL {fault}")
        raise SystemExit(1) from None
    except Exception as error:  # whatever form the bundle breaks, it is not a good one
        print(f"FAIL malformed: {type(error).__name__}: {error}")
        raise SystemExit(1) from None


main()
