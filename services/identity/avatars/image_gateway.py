"""Pictures of people made harmless by Pillow: decoded and drawn anew, square and small, with nothing but their pixels.

Memory is bounded: one picture at a time in a process, and as many pixels as their decoder takes 130 MB for.
"""

from io import BytesIO

from PIL import Image, ImageOps

from shared.slots import Slot, require_slot

# The decoder of WebP holds four copies (measured: 15 bytes a pixel), that of PNG one.
MAX_PIXELS = {"PNG": 25_000_000, "JPEG": 25_000_000, "WEBP": 8_000_000}
# What Pillow calls them; its other decoders are never asked.
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
CONTENT_TYPE = "image/webp"
QUALITY = 85
# Coarsely to four times the largest side first: the fine filters copy a picture that has an alpha channel.
COARSE_SIDE = 1024
# A large PNG takes a second.
PICTURES = Slot("pictures", size=1, queue=8, share=1, wait_seconds=5.0)

# The limit is ours, and Pillow's would only warn.
Image.MAX_IMAGE_PIXELS = None


class NotAPicture(Exception):
    """What was sent cannot be made an avatar; the text says why, as the end of a sentence about it."""


def make_squares(content: bytes, declared: str, sides: tuple[int, ...]) -> list[bytes]:
    """The middle of a picture as WebP, once for each side (pixels); turned as its EXIF says. Raises NotAPicture,
    RuntimeError in a request whose route does not take a PICTURES slot."""
    require_slot(PICTURES)
    kind = FORMATS.get(declared)
    if kind is None:
        raise NotAPicture("is not declared as PNG, JPEG or WebP")
    try:
        with Image.open(BytesIO(content), formats=[kind]) as picture:
            if picture.width * picture.height > MAX_PIXELS[kind]:
                raise NotAPicture(f"has more than the {MAX_PIXELS[kind]:,} pixels of a {kind} picture")
            square = _middle(picture)
        return [_encode(square, side) for side in sides]
    except NotAPicture:
        raise
    # Decoders of hostile bytes fail in every way: OSError, ValueError, SyntaxError, struct.error, MemoryError ...
    except Exception as error:
        raise NotAPicture(f"is not a {kind} picture that can be read") from error


def _middle(picture: Image.Image) -> Image.Image:
    # A JPEG is decoded at a fraction of its size; other decoders ignore it.
    picture.draft("RGB", (COARSE_SIDE, COARSE_SIDE))
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    coarse = min(side, COARSE_SIDE)
    box = (left, top, left + side, top + side)
    square = picture.resize((coarse, coarse), Image.Resampling.NEAREST, box)
    return ImageOps.exif_transpose(square).convert("RGBA" if square.has_transparency_data else "RGB")


def _encode(square: Image.Image, side: int) -> bytes:
    small, file = square.resize((side, side), Image.Resampling.LANCZOS), BytesIO()
    # Nothing of what came along: EXIF with places, XMP, colour profiles, comments.
    small.info = {}
    small.save(file, "WEBP", quality=QUALITY)
    return file.getvalue()
