"""Writes bundles that no checker may accept: `tamper.py BUNDLE FOLDER` changes one thing in each.

A changed byte stays within its alphabet, so that what has to notice is the check and not the decoder. Where a record
changes, a new log with a log key of its own is put round it: its proofs and checkpoint are in order, so that what has
to notice are signatures and chains. FOLDER/relogged.ok has such a log and nothing changed, and has to be accepted.
"""

import base64
import copy
import hashlib
import json
import pathlib
import sys

import nacl.signing

with open(sys.argv[1], encoding="utf-8") as file:
    GOOD = json.load(file)
FOLDER = pathlib.Path(sys.argv[2])


def flip(text, at):
    other = "B" if text[at] == "A" else "A"
    return text[:at] + other + text[at + 1 :]


def b64(data):
    return base64.b64encode(data).decode()


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def flip_part(entry, part):
    """A character in the middle of header, payload or signature."""
    parts = entry["jws"].split(".")
    parts[part] = flip(parts[part], len(parts[part]) // 2)
    entry["jws"] = ".".join(parts)


def change_note(bundle, change):
    """The checkpoint, and the same in every proof, so that these still agree."""
    old = bundle["checkpoint"]
    new = bundle["checkpoint"] = change(old)
    bundle["proofs"] = [proof.replace(old, new) for proof in bundle["proofs"]]
    for record in bundle["keys"]["records"]:
        record["proof"] = record["proof"].replace(old, new)


def change_line(note, line, change):
    lines = note.split("\n")
    lines[line] = change(lines[line])
    return "\n".join(lines)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def split(size):
    """The largest power of two below size (RFC 6962 section 2.1)."""
    return 1 << (size - 1).bit_length() - 1


def tree(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01", tree(leaves[:k]), tree(leaves[k:]))


def path(at, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if at < k:
        return [*path(at, leaves[:k]), tree(leaves[k:])]
    return [*path(at - k, leaves[k:]), tree(leaves[:k])]


def relog(bundle):
    """A log of one's own with these records at their positions, and anything at the others."""
    entries = {one["position"]: one["jws"] for one in bundle["records"] + bundle["keys"]["records"]}
    leaves = [sha256(b"\x00", entries.get(at, str(at)).encode()) for at in range(max(entries) + 2)]
    key = nacl.signing.SigningKey(bytes(range(32)))
    name = bundle["origin"]
    typed = b"\x01" + bytes(key.verify_key)
    key_id = sha256(name.encode(), b"\n", typed)[:4]
    text = f"{name}\n{len(leaves)}\n{b64(tree(leaves))}\n"
    signature = b64(key_id + key.sign(text.encode()).signature)
    note = bundle["checkpoint"] = f"{text}\n\u2014 {name} {signature}\n"
    bundle["keys"]["log_vkey"] = f"{name}+{key_id.hex()}+{b64(typed)}"

    def proof_of(at):
        hashes = "".join(b64(step) + "\n" for step in path(at, leaves))
        return f"c2sp.org/tlog-proof@v1\nindex {at}\n{hashes}\n{note}"

    bundle["proofs"] = [proof_of(one["position"]) for one in bundle["records"]]
    for record in bundle["keys"]["records"]:
        record["proof"] = proof_of(record["position"])


def not_in_log(bundle):
    flip_part(bundle["records"][-1], 1)


def reword(entry, old, new):
    """Other words in the payload, still canonical JSON."""
    parts = entry["jws"].split(".")
    data = base64.urlsafe_b64decode(parts[1] + "==").replace(old, new)
    parts[1] = b64url(data)
    entry["jws"] = ".".join(parts)


def payload(bundle):
    reword(bundle["records"][-1], b'"recorded_at":"2', b'"recorded_at":"3')


def signature(bundle):
    flip_part(bundle["records"][0], 2)


def header(bundle):
    flip_part(bundle["records"][0], 0)


def key_statement(bundle):
    reword(bundle["keys"]["records"][0], b'"issued_at":"2', b'"issued_at":"1')


def broken_payload(bundle):
    flip_part(bundle["keys"]["records"][0], 1)


def forged(bundle):
    """A record signed well, by a key nobody named."""
    record = bundle["records"][-1]
    key = nacl.signing.SigningKey(bytes(32))
    signed = record["jws"].rpartition(".")[0]
    record["jws"] = signed + "." + b64url(key.sign(signed.encode()).signature)


def two_records_of_one_version(bundle):
    bundle["records"][-1]["jws"] = bundle["records"][0]["jws"]


def document(bundle):
    bundle["document"] = bundle["document"].replace("50.00", "51.00", 1)
    if bundle["document"] == GOOD["document"]:
        bundle["document"] += " "


def disclosure(bundle):
    at = next(iter(bundle["disclosures"]))
    first = bundle["disclosures"][at][0]
    bundle["disclosures"][at][0] = flip(first, len(first) // 2)


def document_disclosure(bundle):
    first = bundle["document_disclosures"][0]
    bundle["document_disclosures"][0] = flip(first, len(first) // 2)


def proof(bundle):
    bundle["proofs"][0] = change_line(bundle["proofs"][0], 2, lambda line: flip(line, 20))


def proof_cut(bundle):
    lines = bundle["proofs"][0].split("\n")
    bundle["proofs"][0] = "\n".join(lines[:2] + lines[3:])


def position(bundle):
    bundle["records"][0]["position"] += 1


def record_left_out(bundle):
    del bundle["records"][0]
    del bundle["proofs"][0]
    bundle["disclosures"] = bundle["disclosures"] and {}


def checkpoint_root(bundle):
    change_note(bundle, lambda note: change_line(note, 2, lambda line: flip(line, 20)))


def checkpoint_size(bundle):
    change_note(bundle, lambda note: change_line(note, 1, lambda line: str(int(line) + 1)))


def checkpoint_signature(bundle):
    change_note(bundle, lambda note: change_line(note, 4, lambda line: flip(line, len(line) - 20)))


def origin(bundle):
    bundle["origin"] += ".example"


def root_key(bundle):
    bundle["keys"]["root"]["x"] = b64url(bytes(nacl.signing.SigningKey(bytes(32)).verify_key))


def log_key(bundle):
    vkey = bundle["keys"]["log_vkey"]
    bundle["keys"]["log_vkey"] = flip(vkey, len(vkey) - 20)


RELOGGED = [
    payload, broken_payload, signature, header, key_statement, forged, record_left_out, two_records_of_one_version,
]  # fmt: skip
AS_IT_IS = [
    not_in_log, document, disclosure, document_disclosure, proof, proof_cut, position, checkpoint_root,
    checkpoint_size, checkpoint_signature, origin, root_key, log_key,
]  # fmt: skip

# What a bundle about something else than a contract may lack.
NEEDS = {"document": "document", "disclosure": "disclosures", "document_disclosure": "document_disclosures"}


def write(name, bundle):
    (FOLDER / name).write_text(json.dumps(bundle), encoding="utf-8")


for change in AS_IT_IS + RELOGGED:
    if change.__name__ in NEEDS and not GOOD.get(NEEDS[change.__name__]):
        continue
    bundle = copy.deepcopy(GOOD)
    change(bundle)
    if bundle == GOOD:
        sys.exit(f"{change.__name__} changed nothing")
    if change in RELOGGED:
        relog(bundle)
    write(f"{change.__name__}.json", bundle)

untouched = copy.deepcopy(GOOD)
relog(untouched)
write("relogged.ok", untouched)
