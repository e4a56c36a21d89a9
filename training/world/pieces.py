"""Weights as files of at most 16 MiB: float16, cut, and put together again.

    python -m training.world.pieces join FOLDER/pictures OUT.pt     FOLDER holds pictures-0, pictures-1, ...
"""

import io
import sys
from pathlib import Path

import torch
from torch import Tensor

from training.networks.common import halves

MOST = 16 * 2**20 - 4096
"""Bytes of a piece."""


def split(values: dict[str, Tensor], stem: Path, most: int = MOST) -> list[Path]:
    """Writes STEM-0, STEM-1, ... in place of earlier pieces. Raises ValueError for what float16 can't hold."""
    file = io.BytesIO()
    torch.save(halves(values), file)
    data, files = file.getvalue(), []
    for old in stem.parent.glob(f"{stem.name}-*"):
        old.unlink()
    for start in range(0, len(data), most):
        files.append(stem.parent / f"{stem.name}-{len(files)}")
        files[-1].write_bytes(data[start : start + most])
    return files


def join(stem: Path) -> dict[str, Tensor]:
    """What `split` cut, as float32."""
    files = sorted(stem.parent.glob(f"{stem.name}-*"), key=lambda p: int(p.name.rsplit("-", 1)[1]))
    values = torch.load(io.BytesIO(b"".join(f.read_bytes() for f in files)))
    return {k: v.float() if v.is_floating_point() else v for k, v in values.items()}


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] != "join":
        sys.exit(__doc__)
    torch.save(join(Path(sys.argv[2])), sys.argv[3])
