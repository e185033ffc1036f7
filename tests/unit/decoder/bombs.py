#!/usr/bin/env python3
"""bombs.py -- writes small files that ask for much: bombs.py DIR

Each is made here, byte by byte, so that none has to be kept: pictures of few kilobytes whose headers, or whose inside,
stand for gigabytes of pixels, for hours of work, or for endless descent.  bombs_test.c gives them to a decoder.
"""
import struct
import sys
import zlib
from pathlib import Path


# ---- PNG -------------------------------------------------------------------------------------------------------------

def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def zeros_deflated(count):
    """A zlib stream of so many zero bytes, without making them: one flushed block, again and again."""
    piece = 1 << 24
    maker = zlib.compressobj(9)
    block = maker.compress(bytes(piece)) + maker.flush(zlib.Z_FULL_FLUSH)
    head, block = block[:2], block[2:]
    rest = zlib.compressobj(9, zlib.DEFLATED, -15)
    tail = rest.compress(bytes(count % piece)) + rest.flush()
    adler = (count % 65521) << 16 | 1
    return head + block * (count // piece) + tail + struct.pack(">I", adler)


def png(width, height, depth, colour, interlaced):
    channels = {0: 1, 2: 3, 6: 4}[colour]
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    count = 0
    for left, top, across, down in passes if interlaced else [(0, 0, 1, 1)]:
        columns = (width - left + across - 1) // across
        count += ((height - top + down - 1) // down) * (1 + (columns * channels * depth + 7) // 8)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + png_chunk(b"IDAT", zeros_deflated(count)) + png_chunk(b"IEND", b"")


# ---- JPEG ------------------------------------------------------------------------------------------------------------

def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg_progressive(side, scans):
    """Grey; a first scan of a bit a block, then scans that refine nothing, each over the whole picture."""
    table = bytes([1] + [0] * 15) + b"\x00"  # one code, one bit long: no difference, end of block
    blocks = (side // 8 + 1) ** 2
    out = b"\xff\xd8" + segment(0xDB, b"\x00" + bytes([1] * 64))
    out += segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\x00")
    out += segment(0xC4, b"\x00" + table) + segment(0xC4, b"\x10" + table)
    out += segment(0xDA, b"\x01\x01\x00\x00\x00\x01") + bytes(blocks // 8 + 1)
    for _ in range(scans):
        out += segment(0xDA, b"\x01\x01\x00\x01\x3f\x00") + bytes(blocks // 8 + 1)
    return out + b"\xff\xd9"


# ---- WebP ------------------------------------------------------------------------------------------------------------

class Bits:
    """Bits from the lowest on, as VP8L has them."""

    def __init__(self):
        self.value, self.count = 0, 0

    def put(self, value, count):
        self.value |= value << self.count
        self.count += count

    def data(self):
        return self.value.to_bytes((self.count + 7) // 8, "little")


def webp(side):
    """Lossless, of one colour: five codes of one symbol each, and not one bit a pixel."""
    bits = Bits()
    bits.put(0x2F, 8)
    bits.put(side - 1, 14)
    bits.put(side - 1, 14)
    bits.put(0, 1 + 3 + 1 + 1 + 1)  # no alpha, version 0, no transform, no cache, no other codes
    for _ in range(5):
        bits.put(1, 1)  # a simple code
        bits.put(0, 1)  # of one symbol
        bits.put(0, 1)  # of one bit
        bits.put(0, 1)  # 0
    data = bits.data()
    data += b"\0" * (len(data) % 2)
    chunk = b"VP8L" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


# ---- GIF -------------------------------------------------------------------------------------------------------------

def gif(side, frames, frame_side=1):
    """Frames of one pixel on a large canvas, all of which a reader composes anew for each; or one that fills it."""
    out = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x21\xf9\x04\x04\x01\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, frame_side, frame_side, 0) + b"\x02\x02\x44\x01\x00"
    return out + frame * frames + b"\x3b"


# ---- TIFF ------------------------------------------------------------------------------------------------------------

def tiff(width, height, tile):
    entries = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (277, 3, 1), (322, 4, tile), (323, 4, tile),
               (324, 4, 200), (325, 4, 16)]
    out = b"II*\0" + struct.pack("<IH", 8, len(entries))
    for tag, kind, value in entries:
        out += struct.pack("<HHII", tag, kind, 1, value)
    out += struct.pack("<I", 0)
    return out + b"\0" * (256 - len(out))


# ---- SVG -------------------------------------------------------------------------------------------------------------

def svg_entities(depth):
    lines = ["<!ENTITY e0 'lol'>"] + [f"<!ENTITY e{i} '{f'&e{i - 1};' * 10}'>" for i in range(1, depth)]
    return ("<?xml version='1.0'?><!DOCTYPE svg [" + "".join(lines) + "]><svg xmlns='http://www.w3.org/2000/svg' "
            f"width='100' height='100'><text y='20'>&e{depth - 1};</text></svg>").encode()


def svg_use(depth):
    groups = "<g id='g0'><rect width='1' height='1'/></g>"
    for i in range(1, depth):
        groups += f"<g id='g{i}'>" + f"<use href='#g{i - 1}'/>" * 10 + "</g>"
    return (f"<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100'><defs>{groups}</defs>"
            f"<use href='#g{depth - 1}'/></svg>").encode()


def svg_self():
    return b"<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100'><g id='a'><use href='#a'/></g></svg>"


def svg_filter():
    blurs = "".join("<feGaussianBlur stdDeviation='500'/><feTurbulence numOctaves='100'/><feMorphology radius='900'/>" for _ in range(60))
    return ("<svg xmlns='http://www.w3.org/2000/svg' width='8000' height='8000'><filter id='f' x='0' y='0' width='1' height='1'>"
            f"{blurs}</filter><rect width='8000' height='8000' filter='url(#f)'/></svg>").encode()


# ---- AVIF ------------------------------------------------------------------------------------------------------------

def box(kind, data, version=None, flags=0):
    head = b"" if version is None else struct.pack(">I", version << 24 | flags)
    return struct.pack(">I", 8 + len(head) + len(data)) + kind + head + data


# A grey tile of 64 x 64 as libaom codes it, and the words about it that its file has (av1C).
AV1_TILE = bytes.fromhex("12000a0918157ffd82021a0d08320e1e403fffffc400b4db7ab295dc4b")
AV1_WORDS = bytes.fromhex("81000c00")
AV1_SIDE = 64


def avif_grids(depth, side, endless):
    """Pictures of 16 x 16 parts, each of them a picture of such parts; at the bottom one of itself, or a real tile, so that the whole is right
    and 256 to the power of depth tiles are to be decoded.  Each shows the upper left corner of what its parts make, at most `side`."""
    sides = [side] * depth if endless else [min(side, AV1_SIDE * 16 ** min(depth - i, 4)) for i in range(depth)] + [AV1_SIDE]
    data = [struct.pack(">BBBBII", 0, 1, 15, 15, each, each) for each in sides]  # 32-bit sizes, 16 rows and columns
    kinds = [b"grid"] * depth
    if not endless:
        data[-1], kinds = AV1_TILE, [*kinds, b"av01"]
    last = len(kinds)
    infos = b"".join(box(b"infe", struct.pack(">HH4s", i + 1, 0, kind) + b"\0", 2) for i, kind in enumerate(kinds))
    spots = [sum(map(len, data[:i])) for i in range(last)]
    places = b"".join(struct.pack(">HHHHII", i + 1, 1, 0, 1, spots[i], len(data[i])) for i in range(last))  # in idat
    links = b"".join(box(b"dimg", struct.pack(">HH", i + 1, 256) + struct.pack(">H", min(i + 2, last)) * 256)
                     for i in range(depth))
    sizes = box(b"ipco", b"".join(box(b"ispe", struct.pack(">II", each, each), 0) for each in sides) + box(b"av1C", AV1_WORDS))
    uses = box(b"ipma", struct.pack(">I", last) + b"".join(
        struct.pack(">HBB", i + 1, 1, 0x81 + i) if kind == b"grid" else struct.pack(">HBBB", i + 1, 2, 0x81 + i, 0x82 + i)
        for i, kind in enumerate(kinds)), 0)
    meta = (box(b"hdlr", struct.pack(">I4sIII", 0, b"pict", 0, 0, 0) + b"\0", 0) + box(b"pitm", struct.pack(">H", 1), 0)
            + box(b"iloc", struct.pack(">BBH", 0x44, 0, last) + places, 1)
            + box(b"iinf", struct.pack(">H", last) + infos, 0) + box(b"iref", links, 0) + box(b"iprp", sizes + uses)
            + box(b"idat", b"".join(data)))
    return box(b"ftyp", b"avif\0\0\0\0mif1avif") + box(b"meta", meta, 0)


BOMBS = {
    "30000-progressive.jpg": lambda: jpeg_progressive(30000, 1),
    "16000-progressive-scans.jpg": lambda: jpeg_progressive(16000, 40),
    "30000.png": lambda: png(30000, 30000, 8, 0, False),
    "16000-interlaced-deep.png": lambda: png(16000, 16000, 16, 6, True),
    "12000-interlaced.png": lambda: png(12000, 12000, 8, 2, True),
    "16383.webp": lambda: webp(16383),
    "10000-frames.gif": lambda: gif(5000, 10000),
    "65000.gif": lambda: gif(65000, 1, 65000),
    "tiles.tif": lambda: tiff(100, 100, 1 << 20),
    "tile-of-4-gigabytes.tif": lambda: tiff(16000, 16000, 65520),
    "entities.svg": lambda: svg_entities(12),
    "use.svg": lambda: svg_use(12),
    "self.svg": svg_self,
    "filters.svg": svg_filter,
    "grids.avif": lambda: avif_grids(5, 16000, True),
    "grid.avif": lambda: avif_grids(1, 1024, False),
    "nested-grids.avif": lambda: avif_grids(12, 1024, False),
    "wide-grids.avif": lambda: avif_grids(60, 4000, False),
    "huge-grids.avif": lambda: avif_grids(3, 16000, False),
}


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in BOMBS.items():
        (folder / name).write_bytes(make())


if __name__ == "__main__":
    main()
