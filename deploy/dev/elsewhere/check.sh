#!/bin/sh
# Checks a bundle (ahadi.bundle/1) with openssl, jq and coreutils, without any code of Ahadi.
#
#   check.sh BUNDLE
#
# The keys are the bundle's own: compare the root key and the verifier key with those you pinned. Prints PASS lines;
# the first FAIL ends it, with exit code 1. Which key may sign which position is left to the other checkers.
set -eu

bundle=$1
work=$(mktemp -d)
status=0
# A tool that gives up has other exit codes; whatever form the bundle breaks, it is not a good one.
trap 'status=$?; rm -rf "$work"; [ "$status" -le 1 ] || { echo "FAIL malformed"; exit 1; }' EXIT

fail() {
    echo "FAIL $*"
    exit 1
}

# One form only: what decodes has to encode to the same again. `basenc` wants padding.
unb64url() {
    text=$1
    while [ $((${#text} % 4)) -ne 0 ]; do text="$text="; done
    printf %s "$text" | basenc --base64url -d >"$2" 2>/dev/null || fail "not base64url"
    [ "$(b64url <"$2")" = "$1" ] || fail "not the one base64url form of its bytes"
}

unb64() { printf %s "$1" | basenc --base64 -d >"$2" 2>/dev/null || fail "not base64"; }
b64url() { basenc --base64url -w 0 | tr -d =; }
unhex() { tr a-f A-F | basenc --base16 -d; }
sha256() { sha256sum | cut -d ' ' -f 1; }

# pem X FILE: the key of a JWK. In front of the key stands what RFC 8410 says, whose base64 has no remainder.
pem() {
    unb64url "$1" "$work/key"
    [ "$(wc -c <"$work/key")" -eq 32 ] || fail "a key that is not 32 bytes"
    printf -- '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA%s\n-----END PUBLIC KEY-----\n' \
        "$(basenc --base64 -w 0 "$work/key")" >"$2"
}

# ed25519 PEM MESSAGE-FILE SIGNATURE-FILE
ed25519() { openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in "$2" -sigfile "$3" >/dev/null 2>&1; }

get() { jq -r "$1" "$bundle"; }

# C2SP signed-note and tlog-checkpoint: leaves origin, size and root in variables.
open_checkpoint() {
    jq -j .checkpoint "$bundle" >"$work/note"
    vkey=$(get .keys.log_vkey)
    name=${vkey%%+*}
    rest=${vkey#*+}
    id=${rest%%+*}
    unb64 "${rest#*+}" "$work/typed"
    [ "$(head -c 1 "$work/typed" | basenc --base16)" = 01 ] || fail "the verifier key is not Ed25519"
    computed=$({ printf '%s\n' "$name" && cat "$work/typed"; } | sha256 | cut -c 1-8)
    [ "$computed" = "$id" ] || fail "the verifier key's id is not its hash"
    pem "$(tail -c +2 "$work/typed" | b64url)" "$work/log.pem"
    sed '/^$/,$d' "$work/note" >"$work/text"
    line=$(sed '1,/^$/d' "$work/note" | grep -F -- "— $name " | head -n 1) || fail "the log key did not sign"
    unb64 "${line##* }" "$work/blob"
    [ "$(head -c 4 "$work/blob" | basenc --base16 | tr A-F a-f)" = "$id" ] || fail "signed by another key"
    tail -c +5 "$work/blob" >"$work/signature"
    ed25519 "$work/log.pem" "$work/text" "$work/signature" || fail "checkpoint: the signature does not verify"
    origin=$(sed -n 1p "$work/text")
    size=$(sed -n 2p "$work/text")
    root=$(sed -n 3p "$work/text")
    [ "$origin" = "$name" ] || fail "a checkpoint of another log"
    [ "$origin" = "$(get .origin)" ] || fail "a bundle of another log"
    echo "PASS openssl: checkpoint of $origin at size $size"
}

# RFC 9162 section 2.1.3.2, in hex, from the leaf hash that is computed here.
check_inclusion() {
    position=$1 jws=$2 proof=$3
    [ "$(sed -n 1p "$proof")" = c2sp.org/tlog-proof@v1 ] || fail "not a proof"
    [ "$(sed -n 2p "$proof")" = "index $position" ] || fail "a proof of another record"
    sed '1,/^$/d' "$proof" | cmp -s - "$work/note" || fail "a proof under another checkpoint"
    [ "$position" -lt "$size" ] || fail "the record lies behind the checkpoint"
    node=$({ printf '\000' && printf %s "$jws"; } | sha256)
    fn=$position sn=$((size - 1))
    # shellcheck disable=SC2013 # one word a line
    for step in $(sed -e '1,2d' -e '/^$/,$d' "$proof"); do
        [ "$sn" -ne 0 ] || fail "the proof is too long"
        unb64 "$step" "$work/sibling"
        sibling=$(basenc --base16 -w 0 "$work/sibling")
        if [ $((fn & 1)) -eq 1 ] || [ "$fn" -eq "$sn" ]; then
            node=$({ printf '\001' && printf %s "$sibling$node" | unhex; } | sha256)
            while [ "$fn" -ne 0 ] && [ $((fn & 1)) -eq 0 ]; do fn=$((fn >> 1)) sn=$((sn >> 1)); done
        else
            node=$({ printf '\001' && printf %s "$node$sibling" | unhex; } | sha256)
        fi
        fn=$((fn >> 1)) sn=$((sn >> 1))
    done
    reached=$(printf %s "$node" | unhex | basenc --base64 -w 0)
    [ "$sn $reached" = "0 $root" ] || fail "record $position is not in the log of this checkpoint"
}

# The root key names the others: remembers the key of a statement in the file $work/$kid.pem.
apply_key_record() {
    jq -cSj '.data | del(.root_signature, .possession_signature)' "$work/payload" >"$work/statement"
    unb64url "$(jq -r .data.root_signature "$work/payload")" "$work/signature"
    ed25519 "$work/root.pem" "$work/statement" "$work/signature" || fail "a key the root key did not name"
    jq -e --arg origin "$origin" '.data.origin == $origin and .type == "key." + .data.action' \
        "$work/payload" >/dev/null || fail "a key statement of something else"
    [ "$(jq -r '.data.action + " " + .data.role' "$work/payload")" = "added record" ] || return 0
    remember_key
}

# The key of the statement in $work/payload, under its RFC 7638 thumbprint, which its kid has to be.
remember_key() {
    x=$(jq -r .data.public_key "$work/payload")
    thumbprint=$(printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$x" | sha256 | unhex | b64url)
    [ "$thumbprint" = "$(jq -r .data.kid "$work/payload")" ] || fail "a kid that is not the thumbprint"
    pem "$x" "$work/$thumbprint.pem"
}

check_record() {
    position=$1 jws=$2
    header=${jws%%.*}
    signature=${jws##*.}
    signed=${jws%.*}
    unb64url "$header" "$work/header"
    kid=$(jq -r .kid "$work/header")
    expected=$(printf '{"alg":"EdDSA","kid":"%s","typ":"ahadi-record+sd-jwt"}' "$kid")
    [ "$(cat "$work/header")" = "$expected" ] || fail "a header of something else"
    unb64url "${signed#*.}" "$work/payload"
    # The first record of a log is signed by the key it adds.
    if [ "$position" -eq 0 ]; then remember_key; fi
    case $kid in */*) fail "a kid that is none" ;; esac
    [ -f "$work/$kid.pem" ] || fail "record $position is signed by an unknown key"
    printf %s "$signed" >"$work/signed"
    unb64url "$signature" "$work/signature"
    ed25519 "$work/$kid.pem" "$work/signed" "$work/signature" || fail "record $position: the signature does not verify"
    [ "$(jq -r .log "$work/payload")" = "$origin" ] || fail "record $position is of another log"
    check_chain
    if [ "$(jq -r .stream "$work/payload")" = ledger/keys ]; then apply_key_record; fi
    cp "$work/payload" "$work/payload.$position"
}

# versions 1 to n, each naming the hash of the payload before.
check_chain() {
    head=$work/head.$(jq -j .stream "$work/payload" | sha256)
    if [ -f "$head" ]; then read -r version prev <"$head"; else version=0 prev=null; fi
    [ "$(jq -r .version "$work/payload")" = $((version + 1)) ] || fail "a gap before record $position"
    [ "$(jq -r .prev "$work/payload")" = "$prev" ] || fail "record $position does not follow"
    echo "$((version + 1)) $(sha256 <"$work/payload")" >"$head"
}

check_records() {
    pem "$(get .keys.root.x)" "$work/root.pem"
    get '[.records, .proofs] | map(length) | unique | length' | grep -qx 1 || fail "not one proof for each record"
    # Both lists in log order, each record once.
    jq -c '[.records, .proofs] | transpose | map(.[0] + {proof: .[1]})' "$bundle" >"$work/records"
    jq -c --slurpfile records "$work/records" '.keys.records + $records[0] | unique_by([.position, .jws])[]' \
        "$bundle" >"$work/entries"
    [ -z "$(jq .position "$work/entries" | uniq -d)" ] || fail "two records at one position"
    count=0
    while IFS= read -r entry; do
        position=$(printf %s "$entry" | jq -r .position)
        jws=$(printf %s "$entry" | jq -r .jws)
        printf %s "$entry" | jq -j .proof >"$work/proof"
        check_inclusion "$position" "$jws" "$work/proof"
        check_record "$position" "$jws"
        count=$((count + 1))
    done <"$work/entries"
    echo "PASS sha256sum: $count leaves are in the log; versions and prev hold"
    echo "PASS openssl: $count signatures, by keys the root key named; kids are thumbprints"
}

check_document() {
    stream=$(get .stream)
    jq -r --arg stream "$stream" 'select(.stream == $stream) | .data.document_sha256 // "-"' \
        "$work"/payload.* >"$work/quoted"
    [ -s "$work/quoted" ] || fail "no record of the stream the bundle is about"
    if [ "$(get 'has("document")')" = true ]; then
        digest=$(jq -j .document "$bundle" | sha256)
        grep -qx "$digest" "$work/quoted" || fail "the document is not the one the records quote"
        echo "PASS sha256sum: the document is quoted as $digest"
    elif grep -qvx - "$work/quoted"; then
        fail "the stream quotes a document that is not in the bundle"
    fi
}

# opens ENCODED FILE: one commitment of the JSON in the file is the digest of the disclosure (RFC 9901).
opens() {
    digest=$(printf %s "$1" | sha256 | unhex | b64url)
    times=$(jq --arg digest "$digest" '[.. | objects | ._sd // empty | .[] | select(. == $digest)] | length' "$2")
    [ "$times" = 1 ] || fail "a disclosure that opens no commitment"
    unb64url "$1" "$work/disclosure"
    jq -e 'length == 3' "$work/disclosure" >/dev/null || fail "a disclosure of another form"
}

check_disclosures() {
    # shellcheck disable=SC2016 # a program of jq
    get '.disclosures | to_entries[] | .key as $at | .value[] | "\($at) \(.)"' >"$work/given"
    get '.document_disclosures[] | "document \(.)"' >>"$work/given"
    jq -j '.document // "{}"' "$bundle" >"$work/payload.document"
    while read -r at encoded; do
        [ -f "$work/payload.$at" ] || fail "a disclosure for a record that is not there"
        opens "$encoded" "$work/payload.$at"
    done <"$work/given"
    echo "PASS sha256sum: $(wc -l <"$work/given") disclosures open one commitment each"
}

[ "$(get .v)" = ahadi.bundle/1 ] || fail "not a bundle of version 1"
open_checkpoint
check_records
check_document
check_disclosures
