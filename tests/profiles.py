"""Colour profiles made by hand: three primaries and a curve (ICC.1:2022, sections 8.3 and 10)."""

import struct

D50 = (0.9642, 1.0, 0.82491)
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)

# Primaries as seen under D50, as the published profiles have them, and the curve.
SPACES = {
    "Display P3": (
        ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)),
        SRGB_CURVE,
    ),
    "Adobe RGB (1998)": (
        ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
        (2.19921875,),
    ),
    "ProPhoto RGB": (((0.7977, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491)), (1.8,)),
}


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def profile(name: str) -> bytes:
    """The bytes of a profile of that name."""
    primaries, curve = SPACES[name]
    kind = {1: 0, 5: 3}[len(curve)]
    text = name.encode("utf-16-be")
    tags = {
        b"desc": b"mluc" + bytes(4) + struct.pack(">II", 1, 12) + b"enUS" + struct.pack(">II", len(text), 28) + text,
        b"wtpt": b"XYZ " + bytes(4) + fixed(*D50),
    }
    for letter, primary in zip(b"rgb", primaries, strict=True):
        tags[bytes([letter]) + b"XYZ"] = b"XYZ " + bytes(4) + fixed(*primary)
        tags[bytes([letter]) + b"TRC"] = b"para" + bytes(4) + struct.pack(">HH", kind, 0) + fixed(*curve)
    table, body, place = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += tag + struct.pack(">II", place + len(body), len(content))
        body += padded
    size = place + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x04300000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    header += bytes(128 - len(header) - 60) + fixed(*D50) + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + body
