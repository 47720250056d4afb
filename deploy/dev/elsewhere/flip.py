"""Flips single bits of a bundle and has verify.py check each: `flip.py BUNDLE [COUNT] [SEED]`. None may pass.

The pins are those of the bundle as it was. The last line is PASS or FAIL.
"""

import json
import random
import sys

import verify


def exit_code(data, pins):
    """What the command would end with."""
    try:
        bundle = verify.read_bundle(data)
    except ValueError:
        return 2
    try:
        return 0 if all(passed for passed, _ in verify.verify(bundle, *pins)) else 2
    except (verify.Fault, ValueError, TypeError, KeyError, RecursionError):
        return 1


def main(path, count="200", seed="1"):
    with open(path, "rb") as file:
        good = file.read()
    named = json.loads(good)
    pins = named["origin"], named["keys"]["root"], named["keys"]["log_vkey"]
    if exit_code(good, pins) != 0:
        sys.exit("FAIL the bundle as it is does not pass")
    codes, chance = [], random.Random(int(seed))
    for _ in range(int(count)):
        at, bit = chance.randrange(len(good)), 1 << chance.randrange(8)
        codes.append(exit_code(good[:at] + bytes([good[at] ^ bit]) + good[at + 1 :], pins))
        if codes[-1] == 0:
            sys.exit(f"FAIL bit {bit:#04x} of byte {at} flipped, and it passes")
    print(f"PASS {len(codes)} flipped bits: {codes.count(1)} times a fault, {codes.count(2)} times no bundle")


main(*sys.argv[1:])
