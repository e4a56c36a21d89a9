"""Trains the diffusion transformer and the Q-Former on condition states of the text decoder, by the clock.

    python -m training.train_pictures OUT --sequences A/average.pt --latents FOLDER --vae FOLDER --tokenizer FOLDER

Helpers that only training has: query k shall read the state of cell k, the noise token of cell k shall know its
place after the first joint layer and look at query k in the later ones, and a linear head on the queries names the
cell's latent patch. Their weights fall to zero.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from .conditions import Conditions, conditions, negative
from .data import language, scenes
from .data.tokenizer import Tokenizer
from .networks import config as c
from .networks.codes import OBJECT_CODES, CodeTables, directions
from .networks.decoder import TextDecoder
from .networks.decoding import generate_codes
from .networks.dit import DiT, patches
from .networks.sampler import denoise
from .networks.vae import VAE
from .sequences import answer_ids, expanded
from .train_common import Average, Clock, Log, compile_parts, half_precision, keep, one_quiet_thread, optimisers, plainly, resume, save

CELLS = torch.arange(64)
STATE_OF_CELL = 2 + 9 * (CELLS // 8) + CELLS % 8
"""Place of each cell among the 75 visual states."""


class Painter(nn.Module):
    """The diffusion transformer and the helper heads."""

    def __init__(self):
        super().__init__()
        self.dit = DiT(c.DIT, c.REFINER)
        self.place = nn.Linear(c.DIT["hidden_size"], 64)
        self.patch = nn.Linear(c.DIT["hidden_size"], 128)
        self._start()

    def _start(self) -> None:
        d = self.dit
        for block in [*d.layers, *d.noise_refiner, *d.ref_image_refiner]:
            nn.init.zeros_(block.norm1.linear.weight)
            nn.init.zeros_(block.norm1.linear.bias)
            with torch.no_grad():
                block.norm1.linear.bias.view(4, -1)[1::2] = 0.3
        for layer in (d.norm_out.linear_1, d.norm_out.linear_2):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)


class Sequencer:
    """A snapshot of the text decoder: prompts and codes to condition states."""

    def __init__(self, path: Path, tokenizer: Tokenizer):
        self.path, self.tokenizer, self.stamp = path, tokenizer, 0.0
        self.refresh()

    def refresh(self) -> bool:
        """Reads the snapshot again if it is newer."""
        stamp = self.path.stat().st_mtime
        if stamp == self.stamp:
            return False
        values = torch.load(self.path)
        codes = CodeTables(values["content"])
        codes.load_state_dict({n: values.get(f"codes.{n}", values.get(n)) for n in codes.state_dict() if n != "colours"}, strict=False)
        embedding, self.head = codes.flat()
        self.text = TextDecoder(c.TEXT)
        self.text.load_state_dict({k[5:]: v for k, v in values.items() if k.startswith("text.")}, strict=False)
        self.table = torch.cat([self.text.embed_tokens.weight.detach(), embedding])
        self.stamp = stamp
        self.nothing = negative(self.text, self.table, self.tokenizer.encode(NOTHING))
        return True

    def prompts(self, texts: list[str], picture: bool) -> list[list[int]]:
        t = self.tokenizer
        return [expanded(t.encode(t.generate_prompt(x, picture=picture))) for x in texts]

    def __call__(self, texts: list[str], picture: bool, codes: list[np.ndarray]) -> Conditions:
        answers = [answer_ids(k).tolist() for k in codes]
        return conditions(self.text, self.table, self.prompts(texts, picture), answers)


NOTHING = "<|im_start|>system\nYou are a helpful image generator.<|im_end|>\n<|im_start|>user\n<|im_end|>\n"
"""The negative prompt, empty, in the plain template."""


class Cache:
    """All scenes with latents that exist so far."""

    def __init__(self, folder: Path):
        self.folder, self.seen, self.latents = folder, set(), []
        self.scenes, self.instructions, self.sources, self.codes = [], [], {}, []

    def refresh(self) -> None:
        for path in sorted(self.folder.glob("*.pt")):
            if path.name in self.seen:
                continue
            part, first = torch.load(path), len(self.scenes)
            self.scenes += [scenes.from_json(s) for s in part["scenes"]]
            self.instructions += part["instructions"]
            self.sources |= {first + i: z for i, z in part["sources"].items()}
            self.latents.append(part["latents"])
            self.codes += [scenes.codes(s) for s in self.scenes[first:]]
            self.seen.add(path.name)
        self.all = torch.cat(self.latents)
        self.edits = sorted(self.sources)


def sample(cache: Cache, rng, size: int, edits: bool):
    """(texts, codes, latents, references or None)"""
    picked = rng.choice(cache.edits, size) if edits else rng.integers(len(cache.scenes), size=size)
    codes = [cache.codes[i] for i in picked]
    latents = cache.all[torch.from_numpy(picked)].float()
    if edits:
        return [cache.instructions[i] for i in picked], codes, latents, torch.stack([cache.sources[i] for i in picked]).float()
    return [language.caption(cache.scenes[i], rng).text for i in picked], codes, latents, None


def without(condition: Conditions, nothing: Tensor, drop: Tensor) -> Conditions:
    """Samples of `drop` get the states of the negative prompt."""
    n, longest = len(nothing), max(condition.text.shape[1], len(nothing))
    text = F.pad(condition.text, (0, 0, 0, longest - condition.text.shape[1]))
    mask = F.pad(condition.text_mask, (0, longest - condition.text_mask.shape[1]))
    text[drop, :n] = nothing
    mask[drop] = torch.arange(longest) < n
    return Conditions(text, mask, condition.image)


def losses(model: Painter, seq: Sequencer, cache: Cache, rng, size: int, edits: bool, signal: float) -> dict[str, Tensor]:
    """Velocity error (objects weigh three times) and the helper losses of one batch."""
    texts, codes, latents, references = sample(cache, rng, size, edits)
    drop = torch.rand(size) < 0.05
    with half_precision():
        condition = seq(texts, edits, codes)
    condition = without(condition, seq.nothing, drop)
    if signal > 0:
        condition.image[:, STATE_OF_CELL] += signal * directions()
    t = torch.sigmoid(torch.randn(size) - 0.6)
    noise = torch.randn_like(latents)
    mixed = (1 - t)[:, None, None, None] * noise + t[:, None, None, None] * latents
    watch = {"qk": [], "noise": []}
    refs = None if references is None else [references]
    used = None if references is None else torch.rand(size) > 0.1
    with half_precision():
        queries, cross = model.dit.time_caption_embed.image_embedder(condition.image)
        v = model.dit(mixed, t, condition.text, queries, condition.text_mask, refs, ~drop, used, watch).float()
    weight = 1 + 2.0 * torch.from_numpy(np.stack(codes) < OBJECT_CODES).flatten(1)
    error = patches((v - (latents - noise)) ** 2, 4).mean(-1)
    kept = ~drop
    out = {"v": (error * weight).sum() / weight.sum(), "plain": error.mean()}
    out["cross"] = F.cross_entropy(cross[0][:, 0].float().flatten(0, 1), STATE_OF_CELL.repeat(size))
    place = model.place(F.rms_norm(watch["noise"][0], watch["noise"][0].shape[-1:]))
    out["place"] = F.cross_entropy(place.flatten(0, 1), CELLS.repeat(size))
    first = condition.text.shape[1]
    look = 0.0
    for q, k in watch["qk"][1:]:
        scores = q[kept, 0, -64:].float() @ k.float()[kept, 0, : first + 64].transpose(1, 2) * q.shape[-1] ** -0.5
        scores = scores.masked_fill(~F.pad(condition.text_mask[kept], (0, 64), value=True)[:, None], -1e9)
        look = look + F.cross_entropy(scores.flatten(0, 1), first + CELLS.repeat(len(q[kept])))
    out["look"] = look / 2
    out["patch"] = ((model.patch(queries) - patches(latents, 4)) ** 2 * weight[..., None]).mean()
    return out


def show(model: Painter, values: dict[str, Tensor], seq: Sequencer, vae: VAE, path: Path, signal: float, steps: int = 16) -> None:
    """24 validation prompts: pictures from true codes (left of each pair) and from the decoder's own (right)."""
    own = {n: p.detach().clone() for n, p in model.named_parameters()}
    for n, p in model.named_parameters():
        p.data.copy_(values[n])
    rng = np.random.default_rng(99)
    drawn = [scenes.sample(rng) for _ in range(24)]
    texts = [language.caption(s, rng).text for s in drawn]
    true = [scenes.codes(s) for s in drawn]
    made = list(generate_codes(seq.text, seq.table, seq.head, seq.prompts(texts, False)))
    noise = torch.randn(24, 8, 32, 32, generator=torch.Generator().manual_seed(1))
    sheets = []
    for codes in (true, made):
        condition = seq(texts, False, codes)
        condition.image[:, STATE_OF_CELL] += signal * directions()
        queries, _ = model.dit.time_caption_embed.image_embedder(condition.image)
        z = denoise(model.dit, noise, condition.text, condition.text_mask, queries, steps=steps)
        sheets.append(np.concatenate([vae.decode(p) for p in z.split(8)]))
    truth = np.stack([scenes.render(s) for s in drawn])
    three = np.stack([truth, *sheets], 1)[:, :, ::2, ::2].reshape(6, 4, 3, 128, 128, 3)
    sheet = three.transpose(0, 3, 1, 2, 4, 5).reshape(6 * 128, 12 * 128, 3)
    Image.fromarray(np.ascontiguousarray(sheet)).save(path)
    path.with_suffix(".txt").write_text("\n".join(texts))
    for n, p in model.named_parameters():
        p.data.copy_(own[n])


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out", type=Path)
    ask.add_argument("--sequences", type=Path, required=True)
    ask.add_argument("--latents", type=Path, required=True)
    ask.add_argument("--vae", required=True)
    ask.add_argument("--tokenizer", required=True)
    ask.add_argument("--minutes", type=float, default=80)
    ask.add_argument("--size", type=int, default=24)
    ask.add_argument("--lr", type=float, default=1e-3)
    ask.add_argument("--muon", type=float, default=0.02)
    ask.add_argument("--every", type=float, default=5)
    ask.add_argument("--show", type=float, default=10)
    ask.add_argument("--signal", type=float, default=2.5, help="length of an added place signal, which falls to 0")
    ask.add_argument("--signal-share", type=float, default=0.4)
    ask.add_argument("--fall", type=float, default=0.4)
    ask.add_argument("--edits", type=int, default=6, help="one batch of so many is of edits")
    a = ask.parse_args()
    one_quiet_thread(1)
    a.out.mkdir(parents=True, exist_ok=True)
    log = Log(a.out / "log.jsonl")
    seq, cache, vae = Sequencer(a.sequences, Tokenizer(a.tokenizer)), Cache(a.latents), VAE.load(a.vae)
    model = Painter()
    dit = model.dit
    compile_parts(dit.layers, dit.noise_refiner, dit.ref_image_refiner, dit.context_refiner, dit.time_caption_embed.image_embedder.layers)
    steppers = optimisers(
        model,
        ["dit.layers", "dit.noise_refiner", "dit.ref_image_refiner", "dit.context_refiner", "dit.time_caption_embed.image_embedder.layers"],
        a.lr, a.muon, {"in_proj_weight": 3}, ("norm1.linear",),
    )  # fmt: skip
    average, clock = Average(model), Clock(time.time() + 60 * a.minutes, fall=a.fall)
    run = (a.out / "latest.pt", model, average, steppers, clock)
    step = resume(*run)
    log(parameters=sum(p.numel() for p in model.dit.parameters()), **{k: str(v) for k, v in vars(a).items()})
    rates = [[a.lr], [a.muon]]
    rng = np.random.default_rng(step + 7)

    def keep_all() -> None:
        keep(*run, step)
        save(a.out / "average.pt", **average.values)

    saved = shown = began = time.time()
    figures: list[dict[str, float]] = []
    while clock.share < 1:
        if step % 100 == 0 or not cache.seen:
            cache.refresh()
        factor, help_weight = clock.factor(step), max(0.0, 1 - clock.share / 0.75)
        for s, first in zip(steppers, rates, strict=True):
            for g, r in zip(s.param_groups, first, strict=True):
                g["lr"] = r * factor
        edits = step % a.edits == a.edits - 1
        signal = a.signal * max(0.0, 1 - clock.share / a.signal_share)
        parts = losses(model, seq, cache, rng, a.size * 2 // 3 if edits else a.size, edits, signal)
        helps = 0.3 * parts["cross"] + 0.1 * parts["place"] + 0.1 * parts["look"] + 0.3 * parts["patch"]
        (parts["v"] + help_weight * helps).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for s in steppers:
            s.step()
        model.zero_grad(set_to_none=True)
        average.update(model)
        step += 1
        if not edits:
            figures.append({k: v.item() for k, v in parts.items()})
        if step % 24 == 0:
            pace = (time.time() - began) / 24
            log(step=step, rate=factor, pace=pace, scenes=len(cache.scenes),
                **{k: float(np.mean([f[k] for f in figures])) for k in figures[0]})  # fmt: skip
            figures, began = [], time.time()
        if time.time() - saved > 60 * a.every:
            keep_all()
            if seq.refresh():
                log(step=step, snapshot=seq.stamp)
            saved = time.time()
        if time.time() - shown > 60 * a.show:
            with plainly():
                show(model, average.values, seq, vae, a.out / f"{step:06d}.png", signal)
            shown = began = time.time()
    keep_all()


if __name__ == "__main__":
    main()
