#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the constants of a curve as tk_p256.c and tk_p384.c hold them.

    python3 port/mbedtls/pubkey/constants.py p256|p384

The parameters are those of FIPS 186-4 D.1.2.3 and D.1.2.4, now in SP 800-186 3.2.1. --check FILE
compares a source with what would be printed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

Point = tuple[int, int]

CURVES = {
    "p256": (256, 2**256 - 2**224 + 2**192 + 2**96 - 1,
             0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
             0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b,
             (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
              0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)),
    "p384": (384, 2**384 - 2**128 - 2**96 + 2**32 - 1,
             0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973,
             0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef,
             (0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7,
              0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f)),
}


def add(p: int, a: Point | None, b: Point | None) -> Point | None:
    """The sum of two points; None is infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % p == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, p)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, p)
    x = (slope * slope - a[0] - b[0]) % p
    return x, (slope * (a[0] - x) - a[1]) % p


def limbs(bits: int, value: int) -> str:
    """A number as the initialiser of an array."""
    words = [value >> at & (2**64 - 1) for at in range(0, bits, 64)]
    return ",\n    ".join(f"TK_LIMBS({word >> 32:08x}, {word & 0xffffffff:08x})" for word in words)


def comb(bits: int, p: int, g: Point) -> list[Point]:
    """Sums of 2^(64 * row) * g over the bits of 1 to 15."""
    rows = [g]
    for _ in range(3):
        point = rows[-1]
        for _ in range(bits // 4):
            point = add(p, point, point)
        rows.append(point)
    found = []
    for column in range(1, 16):
        point = None
        for row in range(4):
            if column >> row & 1:
                point = add(p, point, rows[row])
        found.append(point)
    return found


def constants(name: str) -> dict[str, str]:
    """Each array by its name."""
    bits, p, order, b, g = CURVES[name]
    r = 1 << bits
    found = {"prime": p, "one": r % p, "square_of_r": r * r % p, "order": order,
             "order_square_of_r": r * r % order, "curve_b": b * r % p}
    arrays = {key: limbs(bits, value) for key, value in found.items()}
    if name == "p256":
        arrays["comb"] = ",\n    ".join(limbs(bits, v * r % p) for xy in comb(bits, p, g) for v in xy)
    else:
        arrays["g"] = ",\n    ".join(limbs(bits, v * r % p) for v in g)
    return arrays


def inverses(name: str) -> dict[str, set[int]]:
    """-1/m modulo 2^32 and 2^64 of both moduli; that of the prime of P-256 is 1 in both."""
    _, p, order, _, _ = CURVES[name]
    found = {"PRIME_INVERSE": p, "ORDER_INVERSE": order}
    values = {key: {-pow(m, -1, 1 << bits) % (1 << bits) for bits in (32, 64)}
              for key, m in found.items()}
    return {key: value for key, value in values.items() if value != {1}}


def defined(text: str, name: str) -> set[int]:
    """The values of a macro."""
    return {int(value, 0) for value in re.findall(rf"#define {name} (?:UINT64_C\()?(\w+)", text)}


def main() -> int:
    """Command line."""
    arrays = constants(sys.argv[1])
    if len(sys.argv) == 4 and sys.argv[2] == "--check":
        text = Path(sys.argv[3]).read_text("ascii")
        wrong = [key for key, value in arrays.items()
                 if re.findall(r"\w+", value) != re.findall(
                     r"\w+", (re.search(rf"\b{key}\[\] = {{(.*?)}};", text, re.DOTALL) or [""] * 2)[1])]
        wrong += [key for key, values in inverses(sys.argv[1]).items() if defined(text, key) != values]
        for key in wrong:
            print(f"{sys.argv[3]}: {key} is wrong")
        return 1 if wrong else 0
    for key, value in arrays.items():
        print(f"static const tk_limb {key}[] = {{\n    {value}}};\n")
    for key, values in inverses(sys.argv[1]).items():
        print(f"{key}: {' '.join(map(hex, sorted(values)))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
