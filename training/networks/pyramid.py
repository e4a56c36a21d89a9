"""A closed-form start for the picture autoencoder: a pyramid of principal components, then least squares back.

The trunk (shortcuts, down- and upsampling convolutions) carries the signal linearly; residual branches begin near
zero. Two constant channels, last in every layer, pin the statistics of the one-group GroupNorm, so that absolute
colour survives it. Signals reach the last norm as pairs (a, -a): silu(a) - silu(-a) = a, so it is linear there too.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CONSTANT = 16.0
CONSTANTS = 2
SAMPLES = 200_000


def _clear(conv: nn.Conv2d) -> None:
    """All zero but the two constant outputs."""
    conv.weight.zero_()
    conv.bias.zero_()
    _constants(conv)


def _constants(conv: nn.Conv2d) -> None:
    conv.weight[-CONSTANTS:] = 0
    conv.bias[-CONSTANTS:] = torch.tensor([CONSTANT, -CONSTANT])


def _calm(block, x: Tensor, random: torch.Generator) -> Tensor:
    """A residual block that passes its signals on: x [n, C, h, w] -> trunk output."""
    spread = x.std((1, 2, 3)).mean()
    block.norm1.weight.fill_(spread)
    block.norm1.weight[-CONSTANTS:] = 0.05 * spread
    block.norm1.bias.zero_()
    block.conv1.bias.copy_(torch.randn(block.conv1.bias.shape, generator=random) * 0.5)
    block.conv2.weight.mul_(0.02)
    block.conv2.weight[-CONSTANTS:] = 0
    block.conv2.bias.zero_()
    if block.conv_shortcut is None:
        return x
    w = block.conv_shortcut.weight
    signals = torch.arange(min(w.shape[:2]) - CONSTANTS)
    w.zero_()
    block.conv_shortcut.bias.zero_()
    w[signals, signals] = 1
    w[[-2, -1], [-2, -1]] = 1
    return block.conv_shortcut(x)


def _linear(norm: nn.GroupNorm, x: Tensor) -> None:
    """The norm becomes the identity on average."""
    spread, mean = x.std((1, 2, 3)), x.mean((1, 2, 3))
    scale = 1 / (1 / spread).mean()
    norm.weight.fill_(scale)
    norm.bias.fill_(scale * (mean / spread).mean())
    norm.weight[-CONSTANTS:] = 0.05 * scale
    norm.bias[-CONSTANTS:] = 0


def _components(rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, principal directions (rows, strongest first) and their standard deviations."""
    mean = rows.mean(0)
    values, vectors = torch.linalg.eigh(((rows - mean).T @ (rows - mean) / len(rows)).double())
    return mean, vectors.flip(1).T.float(), values.flip(0).clamp_min(0).sqrt().float()


def _halve(conv: nn.Conv2d, x: Tensor, signals: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """A stride-2 convolution becomes the principal components of 2 x 2 blocks: output and deviations of its signals."""
    blocks = F.unfold(x[:, :signals], 2, stride=2).transpose(1, 2).reshape(-1, 4 * signals)
    mean, directions, deviations = _components(blocks[torch.randperm(len(blocks), generator=random)[:SAMPLES]])
    kept = min(4 * signals, conv.out_channels - CONSTANTS)
    _clear(conv)
    conv.weight[:kept, :signals, :2, :2] = directions[:kept].view(kept, signals, 2, 2)
    conv.bias[:kept] = -(directions[:kept] @ mean)
    return conv(F.pad(x, (0, 1, 0, 1))), deviations[:kept]


def _double(conv: nn.Conv2d, x: Tensor, target: Tensor, random: torch.Generator) -> Tensor:
    """The convolution after nearest upsampling becomes the least-squares map of 3 x 3 neighbourhoods to the target."""
    up = F.interpolate(x, scale_factor=2.0, mode="nearest")
    inputs, signals = up.shape[1] - CONSTANTS, target.shape[1]
    some = torch.randperm(len(up), generator=random)[: max(16, 60_000 // up[0, 0].numel())]
    inner = torch.zeros(up.shape[2:], dtype=torch.bool)
    inner[2:-2, 2:-2] = True
    a = F.unfold(up[some, :inputs], 3, padding=1)[:, :, inner.flatten()].transpose(1, 2).reshape(-1, 9 * inputs)
    a = F.pad(a, (0, 1), value=1.0).double()
    y = target[some][:, :, inner].transpose(1, 2).reshape(-1, signals).double()
    square = a.T @ a
    square += 1e-4 * square.diagonal().mean() * torch.eye(len(square))
    solved = torch.linalg.solve(square, a.T @ y).float()
    conv.weight.copy_(torch.randn(conv.weight.shape, generator=random) * 0.5 * conv.weight[0].numel() ** -0.5)
    conv.bias.zero_()
    conv.weight[:signals] = 0
    conv.weight[:signals, :inputs] = solved[:-1].T.reshape(signals, inputs, 3, 3)
    conv.bias[:signals] = solved[-1]
    _constants(conv)
    return conv(up)


def _start_encoder(encoder, pictures: Tensor, latents: int, random: torch.Generator) -> tuple[list[Tensor], Tensor, Tensor]:
    """Returns the pyramid's signals from full size down, the unit latents, and their deviations before scaling."""
    _clear(encoder.conv_in)
    colours = torch.arange(3)
    encoder.conv_in.weight[colours, colours, 1, 1] = 1
    x, signals, levels, deviations = encoder.conv_in(pictures), 3, [pictures], torch.ones(3)
    for block in encoder.down_blocks:
        for resnet in block.resnets:
            x = _calm(resnet, x, random)
        if block.downsamplers:
            x, deviations = _halve(block.downsamplers[0].conv, x, signals, random)
            signals = len(deviations)
            levels.append(x[:, :signals])
    shortcut = encoder.down_blocks[-1].resnets[0].conv_shortcut
    first = torch.arange(latents)
    shortcut.weight[signals + first, first] = -1
    x = torch.cat([x[:, :signals], -x[:, :latents], x[:, signals + latents :]], 1)
    for resnet in encoder.mid_block.resnets:
        x = _calm(resnet, x, random)
    _linear(encoder.conv_norm_out, x)
    scale = deviations[:latents]
    encoder.conv_out.weight.zero_()
    encoder.conv_out.bias.zero_()
    encoder.conv_out.weight[first, first, 1, 1] = 1 / scale
    encoder.conv_out.weight[first, signals + first, 1, 1] = -1 / scale
    return levels, x[:, :latents] / scale[:, None, None], scale


def _start_decoder(decoder, z: Tensor, scale: Tensor, levels: list[Tensor], random: torch.Generator) -> None:
    first = torch.arange(z.shape[1])
    weight = decoder.conv_in.weight
    weight.copy_(torch.randn(weight.shape, generator=random) * weight[0].numel() ** -0.5)
    weight[: len(first)] = 0
    weight[first, first, 1, 1] = scale / scale.max()
    decoder.conv_in.bias.zero_()
    _constants(decoder.conv_in)
    x = decoder.conv_in(z)
    for resnet in decoder.mid_block.resnets:
        x = _calm(resnet, x, random)
    for block, after, target in zip(decoder.up_blocks, [*decoder.up_blocks[1:], None], [*levels[-2::-1], None], strict=True):
        for resnet in block.resnets:
            x = _calm(resnet, x, random)
        if block.upsamplers:
            conv, narrow = block.upsamplers[0].conv, after.resnets[0].conv_shortcut
            room = (conv if narrow is None else narrow).out_channels - CONSTANTS
            wanted = torch.cat([target, -target], 1) if target is levels[0] else target
            x = _double(conv, x, wanted[:, :room], random)
    _linear(decoder.conv_norm_out, x)
    colours = torch.arange(3)
    decoder.conv_out.weight.mul_(0.02)
    decoder.conv_out.weight[:, :6] = 0
    decoder.conv_out.weight[colours, colours, 1, 1] = 1
    decoder.conv_out.weight[colours, colours + 3, 1, 1] = -1
    decoder.conv_out.bias.zero_()


@torch.no_grad()
def start(vae, pictures: Tensor, seed: int = 0) -> None:
    """Fits an untrained AutoencoderKL (one group, no attention, a shortcut in the last down block) to pictures.

    pictures [n, 3, s, s] in -1..1, s a multiple of 8, a thousand crops of 64 px will do.
    """
    random = torch.Generator().manual_seed(seed)
    latents = vae.config.latent_channels
    levels, z, scale = _start_encoder(vae.encoder, pictures, latents, random)
    for conv, n in ((vae.quant_conv, 2 * latents), (vae.post_quant_conv, latents)):
        conv.weight.copy_(torch.eye(n)[:, :, None, None])
        conv.bias.zero_()
    _start_decoder(vae.decoder, z, scale, levels, random)


@torch.no_grad()
def fold(vae, pictures: Tensor, power: float = 0.7, deviation: float = 0.02) -> Tensor:
    """Centres the latents and scales each to (what it matters in pixels) ^ power, inside the quant convolutions.

    Whitened latents make a diffusion transformer learn much slower. The posterior's deviation, which nothing
    trains, becomes a small constant. Returns the pixel importance [latents], the largest 1.
    """
    n = vae.config.latent_channels
    z = vae.encode(pictures).latent_dist.mean
    mean, spread, plain = z.mean((0, 2, 3)), z.std((0, 2, 3)), vae.decode(z).sample
    matters = []
    for k in range(n):
        moved = z.clone()
        moved[:, k] += 0.5 * spread[k] * torch.randn_like(z[:, k])
        matters.append((vae.decode(moved).sample - plain).square().mean().sqrt())
    importance = torch.stack(matters) / max(matters)
    scale = importance**power / spread
    quant, post = vae.quant_conv, vae.post_quant_conv
    quant.weight[:n] *= scale[:, None, None, None]
    quant.bias[:n] = (quant.bias[:n] - mean) * scale
    quant.weight[n:] = 0
    quant.bias[n:] = 2 * (deviation * scale).log()
    post.bias += (post.weight[:, :, 0, 0] * mean).sum(1)
    post.weight /= scale[None, :, None, None]
    return importance
