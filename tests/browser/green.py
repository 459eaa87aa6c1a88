"""The green boxes in a picture, found again by their colour."""

import cv2
import numpy as np
from PIL import Image

from explainer.vision.faces import Box

_MARGIN = 60  # how much more green than red or blue: a JPEG keeps the colour of thin lines by half
_SMALLEST = 1 / 25  # of the longer side; the letters of the labels are smaller


def boxes(picture: Image.Image, size: tuple[int, int]) -> list[Box]:
    """Where green lines go round something, the largest first, in pixels of a photo whose picture has another size."""
    across, down = size[0] / picture.width, size[1] / picture.height
    pixels = np.asarray(picture.convert("RGB"), dtype=np.int16)
    green = (pixels[:, :, 1] - np.maximum(pixels[:, :, 0], pixels[:, :, 2]) > _MARGIN).astype(np.uint8)
    joined = cv2.morphologyEx(green, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, _, shapes, _ = cv2.connectedComponentsWithStats(joined)
    found = []
    for left, top, width, height, area in shapes[1:].tolist():  # the first is what is not green
        if min(width, height) >= max(picture.size) * _SMALLEST and area < width * height / 2:
            edges = (left * across, top * down, (left + width) * across, (top + height) * down)
            found.append(Box(*map(round, edges)))
    return sorted(found, key=lambda box: box.width * box.height, reverse=True)
