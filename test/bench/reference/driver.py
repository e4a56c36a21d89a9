"""Runs the official pipeline on request and times it: a JSON request a line on stdin, a JSON answer a line on stdout.

    driver.py --official PATH --checkpoint FOLDER [--dtype float32|bfloat16] [--threads N]

The first line it prints tells the milliseconds of import and load. Requests, each answered with `{"ms": ...,
"processorMs": ..., ...}`, the second what the process was given of the processor:
    {"verb": "create", "prompt", "rows", "columns", "width", "height", "steps", "guidance", "planGuidance", "negative"}
    {"verb": "edit", "picture" (a path), ... the same, "imageGuidance"}
    {"verb": "chat", "pictures" (paths), "prompt", "maxTokens"}        greedy
    {"verb": "decode", "past", "tokens"}      text decoder: milliseconds a step of a batch of two generation tokens
    {"verb": "prefill", "tokens"}             text decoder: one prompt
    {"verb": "transformer", "context", "rows", "columns"}              one pass of the diffusion transformer
    {"verb": "vae", "width", "height"}        one decode
"""

import argparse
import contextlib
import json
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

STARTED = perf_counter()

import torch  # noqa: E402
from official import import_official, load_model, load_processor, load_tokenizer  # noqa: E402
from transformers import DynamicCache, GenerationConfig  # noqa: E402


class Pipeline:
    def __init__(self, official, folder, dtype):
        self.official, self.folder, self.dtype = official, folder, dtype
        self.model = load_model(official, folder, dtype)
        self.tokenizer = load_tokenizer(official, folder)
        self.processor = load_processor(official, folder, self.tokenizer)

    def generation(self, kind, **changes):
        name = f"{kind}_generation_config.json"
        config = GenerationConfig.from_pretrained(self.folder, config_file_name=name)
        for key, value in changes.items():
            setattr(config, key, value)
        return config

    @contextlib.contextmanager
    def computing(self):
        """Inference mode, and autocast where the weights are bfloat16, as in the official README."""
        reduced = self.dtype == torch.bfloat16
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=reduced):
            yield

    def prepare(self, messages, grid=None, plan_guidance=1.0, negative=None):
        is_picture = grid is not None
        images, gen_images, _ = self.official.vision.process_vision_info(messages)
        options = dict(t2i_generate=True, ar_height=grid[0], ar_width=grid[1]) if is_picture else {}
        text = self.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **options)
        return self.processor(
            text=[text], images=images, gen_images=gen_images, padding=True, padding_side="left",
            return_tensors="pt", return_token_type_ids=False, t2i_generate=is_picture, num_images_per_prompt=1,
            cfg_scale=plan_guidance, **({} if negative is None else dict(negative_prompt=negative)))


def picture_inputs(inputs):
    return {name: inputs[name] for name in ("pixel_values", "image_grid_thw") if name in inputs}


def make_picture(pipeline, content, request, references):
    """Prompt, plan, condition, denoising, decoding: the whole official way to a picture."""
    torch.manual_seed(request.get("seed", 7))
    messages, grid = [{"role": "user", "content": content}], (request["rows"], request["columns"])
    inputs = pipeline.prepare(messages, grid, request["planGuidance"], request["negative"])
    model = pipeline.model
    model.generation_config = pipeline.generation("t2i")
    with pipeline.computing(), tempfile.TemporaryDirectory() as folder:
        ids, mask = model.generate(
            t2i_generate=True, input_ids=inputs.input_ids.clone(), attention_mask=inputs.attention_mask.clone(),
            tokenizer=pipeline.tokenizer, ar_height=grid[0], ar_width=grid[1], cfg_scale=request["planGuidance"],
            **picture_inputs(inputs))
        pictures = pipeline.official.vision.extract_ref_image(messages) if references else None
        pipeline.official.t2i.decode_diffusion_image(
            prompt_ids=inputs.input_ids, generated_ids=ids, attention_mask=mask, negative_ids=inputs.negative_ids,
            negative_mask=inputs.negative_mask, model=model, tokenizer=pipeline.tokenizer, output_dir=folder,
            ref_images=pictures or None, text_guidance_scale=request["guidance"],
            image_guidance_scale=request.get("imageGuidance", 1.0), cfg_range=(0.0, 1.0),
            num_inference_steps=request["steps"], height=request["height"], width=request["width"])
    return {"tokens": ids.shape[1] - inputs.input_ids.shape[1]}


def create(pipeline, request):
    return make_picture(pipeline, [{"type": "text", "text": request["prompt"]}], request, references=False)


def edit(pipeline, request):
    picture = {"type": "image", "image": request["picture"], "image_gen": request["picture"]}
    return make_picture(pipeline, [picture, {"type": "text", "text": request["prompt"]}], request, references=True)


def chat(pipeline, request):
    content = [*({"type": "image", "image": path} for path in request["pictures"]),
               {"type": "text", "text": request["prompt"]}]
    started = perf_counter()
    inputs = pipeline.prepare([{"role": "user", "content": content}])
    changes = dict(do_sample=False, max_new_tokens=request["maxTokens"])
    pipeline.model.generation_config = pipeline.generation("und", **changes)
    first = []
    handle = pipeline.model.llm_model.register_forward_hook(lambda *_: first.append(perf_counter()))
    with pipeline.computing(), contextlib.closing(Removing(handle)):
        result = pipeline.model.generate(
            t2i_generate=False, input_ids=inputs.input_ids, attention_mask=inputs.attention_mask,
            return_dict_in_generate=True, **picture_inputs(inputs))
    new_ids = result.sequences[0, inputs.input_ids.shape[1]:].tolist()
    known = [i for i in new_ids if i < len(pipeline.tokenizer)]  # spare rows have no token
    return {"tokens": len(new_ids), "firstTokenMs": 1e3 * (first[0] - started),
            "text": pipeline.tokenizer.decode(known, skip_special_tokens=True)}


class Removing:
    def __init__(self, handle):
        self.close = handle.remove


class Clock:
    """Milliseconds since it was made: of the wall and of the processor."""

    def __init__(self):
        self.started, self.used = perf_counter(), process_time()

    def read(self):
        return {"ms": 1e3 * (perf_counter() - self.started), "processorMs": 1e3 * (process_time() - self.used)}


def decode(pipeline, request):
    """A batch of two, as guidance makes it, over a cache of `past` positions."""
    model, config = pipeline.model.llm_model, pipeline.model.config.llm_config.text_config
    shape = (2, config.num_key_value_heads, request["past"], config.head_dim)
    cache = DynamicCache()
    for layer in range(config.num_hidden_layers):
        cache.update(*(torch.randn(shape, dtype=pipeline.dtype) * 0.05 for _ in range(2)), layer)
    first = config.gen_vocab_start_index + 8
    times = []
    with pipeline.computing():
        for step in range(request["tokens"]):
            place = request["past"] + step
            clock = Clock()
            model(input_ids=torch.full((2, 1), first), past_key_values=cache, use_cache=True,
                  position_ids=torch.full((3, 2, 1), place), cache_position=torch.tensor([place]),
                  attention_mask=torch.ones((2, place + 1), dtype=torch.long))
            times.append(clock.read())
    return {name: sorted(time[name] for time in times)[len(times) // 2] for name in times[0]}


def prefill(pipeline, request):
    ids = torch.arange(request["tokens"]).remainder(100).reshape(1, -1)
    with pipeline.computing():
        pipeline.model.llm_model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=True,
                                 logits_to_keep=1)
    return {}


def transformer(pipeline, request):
    """Only the transformer: states of `context` tokens, latents of `rows` x `columns` patches, no references."""
    dit = pipeline.model.gen_transformer
    patch, channels = dit.config.patch_size, dit.config.in_channels
    latents = torch.randn(1, channels, request["rows"] * patch, request["columns"] * patch, dtype=pipeline.dtype)
    states = torch.randn(1, request["context"], dit.config.text_feat_dim, dtype=pipeline.dtype)
    mask = torch.ones(1, request["context"], dtype=torch.bool)
    rotary = pipeline.official.t2i.RotaryPosEmbedReal
    freqs = rotary.get_freqs_real(dit.config.axes_dim_rope, dit.config.axes_lens, theta=10000)
    with pipeline.computing():
        clock = Clock()
        dit(hidden_states=latents, timestep=torch.tensor([0.5], dtype=pipeline.dtype), text_hidden_states=states,
            text_attention_mask=mask, freqs_cis=freqs, ref_image_hidden_states=None)
        return clock.read()


def vae(pipeline, request):
    scale = 2 ** (len(pipeline.model.gen_vae.config.block_out_channels) - 1)
    shape = (1, pipeline.model.gen_vae.config.latent_channels, request["height"] // scale, request["width"] // scale)
    latents = torch.randn(shape, dtype=pipeline.dtype)
    with pipeline.computing():
        clock = Clock()
        pipeline.model.gen_vae.decode(latents)
        return clock.read()


VERBS = {verb.__name__: verb for verb in (create, edit, chat, decode, prefill, transformer, vae)}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--official", required=True)
    parser.add_argument("--checkpoint", required=True, type=Path)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--threads", type=int)
    return parser.parse_args()


def main():
    options = parse()
    if options.threads:
        torch.set_num_threads(options.threads)
    answers, sys.stdout = sys.stdout, sys.stderr  # what the official code prints is not an answer
    say = lambda value: print(json.dumps(value), file=answers, flush=True)  # noqa: E731
    official = import_official(options.official)
    imported = perf_counter()
    pipeline = Pipeline(official, options.checkpoint, getattr(torch, options.dtype))
    say({"importMs": 1e3 * (imported - STARTED), "loadMs": 1e3 * (perf_counter() - imported),
         "processorMs": 1e3 * process_time(),
         "torch": torch.__version__, "threads": torch.get_num_threads(), "dtype": options.dtype})
    for line in sys.stdin:
        request = json.loads(line)
        clock = Clock()
        try:
            result = VERBS[request["verb"]](pipeline, request)
            say({**clock.read(), **result})
        except Exception as error:  # told to the benchmark, which decides
            say({"error": f"{type(error).__name__}: {error}"})


main()
