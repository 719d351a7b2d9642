"""The two icons of the Teams app: the mark of bot/console/static/mark.svg, drawn here as PNG.

A road with its middle line, seen from where one stands. The shapes are strokes with round ends, so a pixel's share of
one follows from its distance to a line; no drawing library is needed.
"""

import math
import struct
import zlib
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

Rgb = tuple[int, int, int]

GROUND: Final = (0x0B, 0x5D, 0x57)
WHITE: Final = (0xFF, 0xFF, 0xFF)
YELLOW: Final = (0xF2, 0xCF, 0x7B)

# https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/apps-package#app-icons
COLOR_SIZE: Final = 192
SYMBOL_SIZE: Final = 120  # an upright mark of this height stays whole where Teams crops the square to a hexagon
OUTLINE_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class Stroke:
    """A straight stroke with round ends, in the units of the mark: 40 by 40."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    color: Rgb

    def distance(self, x: float, y: float) -> float:
        """From a point to the edge of the stroke; negative inside."""
        dx, dy = self.x2 - self.x1, self.y2 - self.y1
        along = ((x - self.x1) * dx + (y - self.y1) * dy) / (dx * dx + dy * dy)
        along = min(1.0, max(0.0, along))
        return math.hypot(x - self.x1 - along * dx, y - self.y1 - along * dy) - self.width / 2


ROAD: Final = (Stroke(12, 33, 18, 8, 3.5, WHITE), Stroke(28, 33, 22, 8, 3.5, WHITE))
MIDDLE: Final = (Stroke(20, 31, 20, 26, 3, YELLOW), Stroke(20, 20, 20, 16, 3, YELLOW))
MARK: Final = ROAD + MIDDLE

# At 32 pixels the gaps beside the middle line would close: there the same lines are thinner.
THIN: Final = tuple(replace(each, width=each.width * 0.78, color=WHITE) for each in MARK)


@cache
def color() -> bytes:
    """192 by 192 pixels, opaque: Teams rounds the corners itself, and refuses corners that are rounded already."""
    strokes = _placed(MARK, COLOR_SIZE, SYMBOL_SIZE)
    pixels = bytearray()
    for y in range(COLOR_SIZE):
        for x in range(COLOR_SIZE):
            red, green, blue = GROUND
            for each in strokes:
                if share := _share(each, x, y):
                    red = round(red + (each.color[0] - red) * share)
                    green = round(green + (each.color[1] - green) * share)
                    blue = round(blue + (each.color[2] - blue) * share)
            pixels += bytes((red, green, blue, 0xFF))
    return _png(COLOR_SIZE, pixels)


@cache
def outline() -> bytes:
    """32 by 32 pixels, white on nothing, and as large as it fits: Teams gives it the colour of its surroundings."""
    strokes = _placed(THIN, OUTLINE_SIZE, OUTLINE_SIZE)
    pixels = bytearray()
    for y in range(OUTLINE_SIZE):
        for x in range(OUTLINE_SIZE):
            share = max(_share(each, x, y) for each in strokes)
            pixels += bytes((*WHITE, round(0xFF * share)))
    return _png(OUTLINE_SIZE, pixels)


def _placed(strokes: tuple[Stroke, ...], size: int, symbol: int) -> list[Stroke]:
    """The strokes in pixels: `symbol` high, in the middle of a square of `size`."""
    top = min(min(each.y1, each.y2) - each.width / 2 for each in strokes)
    bottom = max(max(each.y1, each.y2) + each.width / 2 for each in strokes)
    left = min(min(each.x1, each.x2) for each in strokes)
    right = max(max(each.x1, each.x2) for each in strokes)
    scale = symbol / (bottom - top)
    x0, y0 = size / 2 - scale * (left + right) / 2, size / 2 - scale * (top + bottom) / 2
    return [
        Stroke(
            x0 + scale * each.x1,
            y0 + scale * each.y1,
            x0 + scale * each.x2,
            y0 + scale * each.y2,
            scale * each.width,
            each.color,
        )
        for each in strokes
    ]


def _share(stroke: Stroke, x: int, y: int) -> float:
    """How much of this pixel the stroke covers: 0 to 1, with an edge one pixel wide."""
    return min(1.0, max(0.0, 0.5 - stroke.distance(x + 0.5, y + 0.5)))


def _png(size: int, pixels: bytearray) -> bytes:
    """A square PNG of 8-bit RGBA, by its specification: https://www.w3.org/TR/png-3/"""
    row = 4 * size
    lines = b"".join(b"\0" + pixels[at : at + row] for at in range(0, len(pixels), row))  # each line unfiltered
    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
