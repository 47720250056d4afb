"""Verifies a bundle (ahadi.bundle/1) offline. Written from verification.md alone; needs PyNaCl and nothing else.

    python3 verify.py BUNDLE [--root JWK|FILE] [--log-vkey VKEY|FILE] [--origin ORIGIN] [--kept NOTE[,PROOF]]...

Prints what passed, what was not checked, and the first fault. Exit code 0: all that is required passed; 1: something
failed; 2: nothing failed, but something required was not checked (a pin is missing), or the file is no bundle.
"""
import argparse, base64, collections, datetime, hashlib, json, pathlib, re, unicodedata
import nacl.bindings, nacl.exceptions, nacl.signing

# The members of objects, each as a regular expression of its canonical JSON.
D43, HEX, UUID = "[A-Za-z0-9_-]{43}", "[0-9a-f]{64}", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TIME, B86 = r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"', "[A-Za-z0-9_-]{86}"
RECORD = {
    "v": '"ahadi.record/1"', "log": '"[A-Za-z0-9._~%:/-]{1,200}"', "prev": f'null|"{HEX}"', "id": f'"{UUID}"',
    "stream": '(?=.{,202}$)"[a-z][a-z0-9_]*/[A-Za-z0-9._~%:/+-]+"', "version": "[1-9][0-9]*", "data": r"\{.*\}",
    "type": r'(?=.{,66}$)"[a-z0-9_]+(\.[a-z0-9_]+)+"', "occurred_at": f"null|{TIME}", "recorded_at": TIME,
    "source": rf'\{{"authenticated":(true|false),"input":"{UUID}","via":"[a-z0-9_]{{1,32}}"\}}',
    "occurred_at_assumed_zone": '"[A-Za-z0-9_+/:-]{1,64}"', "_sd": rf'\["{D43}"(,"{D43}")*\]', "_sd_alg": '"sha-256"'}
STATEMENT = {
    "v": '"ahadi.key/1"', "action": '"(added|retired|revoked)"', "role": '"(record|log)"', "origin": '".*"',
    "kid": f'"{D43}"', "public_key": f'"{D43}"', "issued_at": TIME, "from_position": "null|[0-9]+",
    "reason": 'null|"(genesis|rotation|compromise|loss)"', "root_signature": f'"{B86}"', "possession_signature": f'"{B86}"'}
BUNDLE = {
    "v": str, "origin": str, "stream": str, "document": str, "proofs": [str], "records": [{"position": int, "jws": str}],
    "disclosures": dict, "document_disclosures": [str], "checkpoint": str, "keys": {
        "root": {"crv": str, "kty": str, "x": str}, "log_vkey": str, "records": [{"position": int, "jws": str, "proof": str}]}}

class Fault(Exception):
    """Something is not as it has to be."""

def require(good, what):
    if not good:
        raise Fault(what)

# Sections 1 and 2: spellings and the JSON profile.
def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def unb64(text, size=None, url=True):
    data = base64.b64decode(text + "=" * (-len(text) % 4) if url else text, b"-_" if url else None, validate=True)
    require((b64url(data) if url else base64.b64encode(data).decode()) == text, "not the one base64 form")
    require(size in (None, len(data)), "base64 of another length")
    return data

def number(text):
    require(re.fullmatch("0|[1-9][0-9]{,18}", text, re.ASCII) and int(text) < 2**63, "not a decimal number")
    return int(text)

def members(pairs):
    require(len(dict(pairs)) == len(pairs), "a member stands twice")
    return dict(pairs)

def integer(text):
    require(re.fullmatch("-?[0-9]{1,16}", text) and text != "-0" and abs(int(text)) < 2**53, "a number outside the profile")
    return int(text)

def load(data):
    return json.loads(data.decode(), object_pairs_hook=members, parse_int=integer, parse_float=integer, parse_constant=integer)

def check_profile(value, any_text=False, depth=0):
    if isinstance(value, str):
        value.encode()  # refuses lone surrogates
        require(any_text or "\r" not in value and unicodedata.is_normalized("NFC", value), "a string outside the profile")
    elif isinstance(value, (dict, list)):
        keys = value if isinstance(value, dict) else ()
        require(depth < 8 and all(re.fullmatch("[a-z0-9_]+", key) for key in keys), "depth or keys outside the profile")
        for one in value.values() if keys else value:
            check_profile(one, any_text, depth + 1)

def dumps(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

def canonical(data):
    value = load(data)
    check_profile(value)
    require(dumps(value) == data, "not in canonical form")
    return value

def fits(value, forms, optional):
    require(isinstance(value, dict) and set(forms) - set(optional) <= set(value) <= set(forms), "other members")
    for name, one in value.items():
        require(re.fullmatch(forms[name], dumps(one).decode(), re.ASCII | re.DOTALL), name)
        require(not (name.endswith("_at") and one) or datetime.datetime.fromisoformat(one[:-1]).year >= 1970, name)

# Section 7: keys.
def public_key(x):
    data = unb64(x, 32)  # A little stricter than asked: a part of small order is refused too. Nobody has one by accident.
    require(nacl.bindings.crypto_core_ed25519_is_valid_point(data), "an unusable public key")
    return data

def thumbprint(public):
    return b64url(sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{b64url(public)}"}}'.encode()))

def ed25519(public, message, signature, what):
    try:
        nacl.signing.VerifyKey(public).verify(message, signature)
    except nacl.exceptions.BadSignatureError:
        raise Fault(f"{what} does not verify") from None

class Ring:
    def __init__(self, origin, root):
        self.origin, self.root, self.keys = origin, root, {}
    def begins(self, position, record):
        said = [record["data"].get(name) for name in ("action", "role", "kid")] == ["added", "record", record["kid"]]
        none = all(key["role"] == "log" for key in self.keys.values())
        return position == 0 and record["stream"] == "ledger/keys" and none and said
    def signer(self, position, record):
        if self.begins(position, record):
            return public_key(record["data"]["public_key"])
        key = self.keys.get(record["kid"], {"role": "unknown"})
        require(key["role"] == "record", "signed by an unknown key")
        require(key["from"] <= position and (key["until"] is None or position < key["until"]), "the key does not count here")
        return key["public"]
    def apply(self, position, record):
        data = record["data"]
        fits(data, STATEMENT, ["possession_signature"])
        public, kid, added = public_key(data["public_key"]), data["kid"], data["action"] == "added"
        require(thumbprint(public) == kid and record["type"] == "key." + data["action"], "kid or type of the statement")
        require(("possession_signature" in data) == added and data["origin"] == self.origin, "members or origin of the statement")
        said = dumps({name: one for name, one in data.items() if not name.endswith("_signature")})
        ed25519(self.root, said, unb64(data["root_signature"], 64), "the root signature")
        earliest = 0 if self.begins(position, record) else position + 1
        start = earliest if data["from_position"] is None else data["from_position"]
        require(start >= earliest, "from_position of the statement")
        if added:
            ed25519(public, said, unb64(data["possession_signature"], 64), "the proof of possession")
            require((earliest == 0 or kid != record["kid"]) and kid not in self.keys and public != self.root, "kid in use")
            self.keys[kid] = {"role": data["role"], "public": public, "from": start, "until": None}
        else:
            key = self.keys.get(kid)
            require(key and key["role"] == data["role"], "the key was not added in this role")
            key["until"] = start if key["until"] is None else min(start, key["until"])

# Sections 3 and 4: records and disclosures.
def commitments(value):
    for name, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from one if name == "_sd" and isinstance(one, list) else commitments(one)

def open_record(line):
    require(line.count(".") == 2 and len(line) <= 65535, "not three parts")
    header, payload, signature = map(unb64, line.split("."))
    kid = re.fullmatch(rf'\{{"alg":"EdDSA","kid":"({D43})","typ":"ahadi-record\+sd-jwt"\}}'.encode(), header)
    require(kid and len(payload) <= 45000 and len(signature) == 64, "header, or a length")
    record = canonical(payload)
    fits(record, RECORD, ["occurred_at_assumed_zone", "_sd", "_sd_alg"])
    require((record["prev"] is None) == (record["version"] == 1), "prev")
    require(record["occurred_at"] or "occurred_at_assumed_zone" not in record, "occurred_at_assumed_zone")
    require(not re.search(rb'[{,]"_sd(_alg)?":', re.sub(rb'\\.', b"", dumps(record["data"]))), "_sd in data")
    digests = record.setdefault("_sd", [])
    require(bool(digests) == ("_sd_alg" in record) and digests == sorted(set(digests)), "_sd")
    require(all(unb64(one, 32) for one in [kid[1].decode(), *digests]), "kid or _sd")
    return record | {"kid": kid[1].decode(), "payload": payload, "signature": signature}

def opened(encoded):
    parts = load(unb64(encoded))
    check_profile(parts, any_text=True)
    require(isinstance(parts, list) and len(parts) == 3 and unb64(parts[0], 16), "not [salt, name, value]")
    require(re.fullmatch("(?!_sd(_alg)?$)[a-z0-9_]+", parts[1]), "the name of a disclosure")
    return b64url(sha256(encoded.encode())), parts[1], parts[2]

def check_disclosures(record, given):
    found, nested, quoted = [opened(one) for one in given], [], record["data"].get("document_sha256")
    digests, own = [one[0] for one in found], [one for one in found if one[0] in record["_sd"]]
    names = [name for _, name, _ in own]
    for _, name, value in own:
        if name == "document" and isinstance(value, str) and isinstance(quoted, str):
            require(sha256(value.encode()).hex() == quoted, "a disclosed document of another hash")
            nested = list(commitments(canonical(value.encode())))
    require(len(set(names)) == len(names) and not set(names) & set(RECORD), "the name of a disclosure stands twice")
    require(len(set(digests)) == len(digests) and not set(nested) & set(record["_sd"]), "one digest for two")
    require(all((record["_sd"] + nested).count(digest) == 1 for digest in digests), "opens not exactly one commitment")

# Sections 8 to 10: the log.
def node(left, right):
    return sha256(b"\1", left, right)

def include(leaf, index, size, path):
    """The root that leaf and path give (RFC 6962 §2.1.1, read backwards)."""
    require((size > 1) == bool(path), "the path is too short or too long")
    if size == 1:
        return leaf
    k = 1 << (size - 1).bit_length() - 1
    return (node(include(leaf, index, k, path[:-1]), path[-1]) if index < k
            else node(path[-1], include(leaf, index - k, size - k, path[:-1])))

def extend(old, new, path, root):
    """The old and the new root that a consistency proof gives (RFC 6962 §2.1.2); on the left edge `root` is known."""
    if old == new:
        require(len(path) == (root is None), "the path is too short or too long")
        return [path[0] if root is None else root] * 2
    require(path, "the path is too short")
    k = 1 << (new - 1).bit_length() - 1
    if old <= k:
        first, second = extend(old, k, path[:-1], root)
        return [first, node(second, path[-1])]
    return [node(path[-1], one) for one in extend(old - k, new - k, path[:-1], None)]

def open_checkpoint(note, vkey):
    """Origin, size and root of a note that this verifier key signed."""
    name, key_id, encoded = vkey.split("+", 2)
    typed = unb64(encoded, 33, url=False)
    require(re.fullmatch(r"[^\s+]+", name) and typed[0] == 1 and public_key(b64url(typed[1:])), "the verifier key")
    require(sha256(name.encode(), b"\n", typed)[:4].hex() == key_id, "the key id of the verifier key")
    text, _, lines = note.rpartition("\n\n")
    require(lines.endswith("\n") and not re.search("[\0-\x09\x0b-\x1f]", note) and len(note.encode()) <= 2**19, "not a note")
    signed = 0
    for line in lines[:-1].split("\n"):
        found = re.fullmatch(r"\u2014 ([^\s+]+) (\S+)", line)
        blob = unb64(found[2], url=False) if found else b""
        require(len(blob) > 4, "a signature line that is none")
        if (found[1], blob[:4].hex()) == (name, key_id):
            ed25519(typed[1:], text.encode() + b"\n", blob[4:], "the signature of the checkpoint")
            signed += 1
    text = text.split("\n")
    require(signed and lines.count("\n") <= 64 and len(text) >= 3 and all(text) and text[0] == name, "not of the log")
    return name, number(text[1]), unb64(text[2], 32, url=False)

def hashes(text):
    return [unb64(one, 32, url=False) for one in text.split("\n")[:-1]]

def check_inclusion(position, line, proof, note, size, root):
    proof = re.fullmatch(r"c2sp\.org/tlog-proof@v1\nindex ([0-9]+)\n((?:\S{44}\n){,63})\n(.*)", proof, re.DOTALL)
    require(proof and number(proof[1]) == position and proof[3] == note, "not a proof of this, under this checkpoint")
    require(position < size, "behind the checkpoint")
    require(include(sha256(b"\0", line.encode()), position, size, hashes(proof[2])) == root, "the path leads to another root")

# Sections 11 and 12: the bundle.
def has_form(value, form):
    if isinstance(form, dict):
        whole = isinstance(value, dict) and set(form) - {"document"} <= set(value) <= set(form)
        return whole and all(has_form(one, form[name]) for name, one in value.items())
    return isinstance(value, list) and all(has_form(one, form[0]) for one in value) if isinstance(form, list) else type(value) is form

def read_bundle(data):
    try:
        bundle = load(data)
        require(has_form(bundle, BUNDLE) and bundle["v"] == "ahadi.bundle/1", "not ahadi.bundle/1")
        require(has_form(list(bundle["disclosures"].values()), [[str]]), "disclosures")
        return bundle | {"disclosures": {number(at): given for at, given in bundle["disclosures"].items()}}
    except (Fault, RecursionError) as error:
        raise ValueError(f"not a bundle: {error}") from None

def check_entries(bundle, ring, checkpoint):
    keys = [(one["position"], one["jws"], one["proof"]) for one in bundle["keys"]["records"]]
    require(len(bundle["records"]) == len(bundle["proofs"]), "not one proof for each record")
    records = [(one["position"], one["jws"], proof) for one, proof in zip(bundle["records"], bundle["proofs"])]
    lines, found, heads, ids, latest = {}, {}, {}, set(), ""
    for entries in keys, records:
        at = [position for position, _, _ in entries]
        require(at == sorted(set(at)), "records not in order of position, each once")
        for position, line, proof in entries:
            require(lines.setdefault(position, line) == line, f"two records for position {position}")
            check_inclusion(position, line, proof, bundle["checkpoint"], *checkpoint[1:])
    for position, line in sorted(lines.items()):
        record = found[position] = open_record(line)
        where = f"position {position}, {record['stream']} version {record['version']}: "
        require(record["log"] == ring.origin, where + "a record of another log")
        public = ring.signer(position, record)
        require(thumbprint(public) == record["kid"], where + "kid")
        ed25519(public, line.rpartition(".")[0].encode(), record["signature"], where + "the signature")
        version, prev = heads.get(record["stream"], (0, None))
        require(record["version"] == version + 1 and record["prev"] == prev, where + f"does not follow version {version}")
        require(record["recorded_at"] >= latest and record["id"] not in ids, where + "recorded_at or id")
        heads[record["stream"]], latest = (record["version"], sha256(record["payload"]).hex()), record["recorded_at"]
        ids.add(record["id"])
        if record["stream"] == "ledger/keys":
            ring.apply(position, record)
    require(all(found[position]["stream"] == "ledger/keys" for position, _, _ in keys), "another stream among the keys")
    require(bundle["stream"] in heads, "no record of the stream the bundle is about")
    return found

def check_values(bundle, found):
    """Whether there is a document to every hash that the stream quotes."""
    quoted = {one["data"].get("document_sha256") for one in found.values() if one["stream"] == bundle["stream"]} - {None}
    inside, document = [], bundle.get("document")
    if document is not None:
        require(sha256(document.encode()).hex() in quoted, "a document that the stream does not quote")
        inside = list(commitments(canonical(document.encode())))
    for position, given in bundle["disclosures"].items():
        require(position in found, "disclosures of a record that is not in the bundle")
        check_disclosures(found[position], given)
    digests = [opened(one)[0] for one in bundle["document_disclosures"]]
    require(len(set(digests)) == len(digests), "a disclosure is given twice")
    require(all(inside.count(digest) == 1 for digest in digests), "a disclosure that opens nothing in the document")
    return document is not None or not quoted

def verify(bundle, origin=None, root=None, vkey=None, kept=()):
    """Yields what passed and what was not checked."""
    jwk, named = bundle["keys"]["root"], bundle["keys"]["log_vkey"]
    require((jwk["kty"], jwk["crv"]) == ("OKP", "Ed25519") and root in (None, jwk), "the root key is not the pinned one")
    require(vkey in (None, named) and origin in (None, bundle["origin"]), "log key or origin are not the pinned ones")
    checkpoint = open_checkpoint(bundle["checkpoint"], named)
    require(checkpoint[0] == bundle["origin"], "a checkpoint of another log")
    ring = Ring(bundle["origin"], public_key(jwk["x"]))
    found = check_entries(bundle, ring, checkpoint)
    documented = check_values(bundle, found)
    yield documented, "L0 document and disclosures"
    yield True, f"L1, L2 {len(found)} records, their keys, signatures and streams"
    yield True, f"L3 their inclusion in the log of {checkpoint[1]} records"
    yield origin is not None, "L1 origin pinned"
    yield root is not None, "L1 root key pinned"
    log_keys = [key["public"] for key in ring.keys.values() if key["role"] == "log"]
    is_named = unb64(named.split("+", 2)[2], url=False)[1:] in log_keys
    require(vkey or is_named or not log_keys, "the root key names log keys, and this is none of them")
    yield vkey is not None or (root is not None and is_named), "L3 log key pinned"
    for note, proof in kept:
        old, new = sorted([open_checkpoint(note, named), checkpoint], key=lambda one: one[1])
        if old[1] in (0, new[1]) or proof is not None:
            path = hashes(proof or "")
            roots = extend(old[1], new[1], path, old[2]) if old[1] else [sha256(), new[2]]
            require(roots == [old[2], new[2]] and (old[1] or not path), "the kept checkpoint is of another log")
        yield old[1] in (0, new[1]) or proof is not None, f"L4 the checkpoint kept at size {old[1]}"

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, action in [("bundle", None), ("--root", None), ("--log-vkey", None), ("--origin", None), ("--kept", "append")]:
        parser.add_argument(name, action=action)
    given, read, code = parser.parse_args(), lambda path: pathlib.Path(path).read_text(encoding="utf-8"), 0
    try:
        root = given.root and json.loads(given.root if given.root.startswith("{") else read(given.root))
        vkey = given.log_vkey and (given.log_vkey if "+" in given.log_vkey else read(given.log_vkey).strip())
        origin = given.origin or (vkey and vkey.split("+")[0])
        kept = [([read(path) for path in pair.split(",")] + [None])[:2] for pair in given.kept or ()]
        bundle = read_bundle(pathlib.Path(given.bundle).read_bytes())
    except (OSError, ValueError) as error:
        raise SystemExit(print(f"NOT CHECKED {error}") or 2) from None
    try:
        for passed, what in verify(bundle, origin, root, vkey, kept):
            print(f"{'PASS' if passed else 'NOT CHECKED'} {what}")
            code = code if passed else 2
    except (Fault, ValueError, TypeError, KeyError, RecursionError) as fault:
        raise SystemExit(print(f"FAIL {fault or type(fault).__name__}") or 1) from None
    raise SystemExit(code)

if __name__ == "__main__":
    main()
