"""Draws the flow of clips by four methods side by side, as in docs/images/flow-clips.jpg.

Every row is one clip: MotionNet in one pass, MotionNet coarse to fine and refined, TV-L1 and DIS medium, all of one pair of frames, in Middlebury
colours on one scale: the largest of the methods' 99th percentiles of speed. `--frames` puts the frame before them.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

METHODS = {
    "MotionNet, one pass": ["--method", "motionnet", "--scales", "1", "--refine", "none"],
    "coarse to fine, refined": ["--method", "motionnet"],
    "TV-L1": ["--method", "tvl1"],
    "DIS medium": ["--method", "dis", "--dis-preset", "medium"],
}
CELL, GAP, TITLE = (152, 114), 4, 18


def flow(program: str, clip: Path, start: int, options: list[str], out: Path) -> None:
    """Writes flow of the pair from frame `start`: a file in folder `out`."""
    command = [program, "flow", str(clip), "--start", str(start), "--count", "1", "--out", str(out), "--device", "cpu"]
    subprocess.run(command + options, check=True, capture_output=True)


def speed_of(file: Path) -> float:
    """Returns the 99th percentile of speed of a .npy of 2 × height × width, in pixels."""
    return float(np.percentile(np.linalg.norm(np.load(file), axis=0), 99))


def frame_of(clip: Path, start: int) -> Image.Image:
    """Returns frame `start`, counted from 0."""
    capture = cv2.VideoCapture(str(clip))
    for _ in range(start + 1):
        read, frame = capture.read()
        assert read, f"{clip} has no frame {start}"
    return Image.fromarray(frame[..., ::-1])


def flows_of(program: str, clip: Path, start: int) -> list[Image.Image]:
    """Returns the flow of every method in colours."""
    pictures = []
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / str(number) for number in range(len(METHODS))]
        for folder, options in zip(folders, METHODS.values()):
            flow(program, clip, start, [*options, "--format", "npy"], folder / "npy")
        largest = max(1.0, *(speed_of(next((folder / "npy").glob("*.npy"))) for folder in folders))
        for folder, options in zip(folders, METHODS.values()):
            flow(program, clip, start, [*options, "--format", "picture", "--max-px", f"{largest:.3f}"], folder / "picture")
            pictures.append(Image.open(next((folder / "picture").glob("*.png"))).convert("RGB"))
    return pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path, help="clips; the name of a clip's folder is its caption")
    parser.add_argument("--start", type=int, default=12, help="frame, counted from 0")
    parser.add_argument("--frames", action="store_true", help="show the frames too")
    parser.add_argument("--program", default="motionscope")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()

    titles = ["frame"] * args.frames + list(METHODS)
    rows, columns = (len(args.clips) + 1) // 2, len(titles)
    width, height = columns * (CELL[0] + GAP), CELL[1] + TITLE
    sheet = Image.new("RGB", (2 * width + 3 * GAP, rows * height + TITLE), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for block in range(2):
        for column, title in enumerate(titles):
            draw.text((block * (width + 3 * GAP) + column * (CELL[0] + GAP), 1), title, "black", font)
    for number, clip in enumerate(args.clips):
        left, top = number // rows * (width + 3 * GAP), TITLE + number % rows * height
        draw.text((left, top + 1), clip.parent.name, "black", font)
        pictures = [frame_of(clip, args.start)] if args.frames else []
        for column, picture in enumerate(pictures + flows_of(args.program, clip, args.start)):
            sheet.paste(picture.resize(CELL, Image.Resampling.LANCZOS), (left + column * (CELL[0] + GAP), top + TITLE - 2))
        print(clip, flush=True)
    sheet.save(args.out, quality=88)


if __name__ == "__main__":
    main()
