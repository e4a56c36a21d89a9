"""The frozen test: prompts, edits, questions, descriptions and chats with what is right, in `test.json`.

`draw.py` made it once; a scored model never changes it. `held_out`: the item holds a combination that training never
sees (world/splits.py); the table reports these apart.
"""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from pathlib import Path

from ..grounds import Ground
from ..requests import Related, Request, Wanted
from ..scenes import Placed, Scene

FILE = Path(__file__).parent / "test.json"
PROMPT_SETS = ("single", "two objects", "counting", "colours", "position", "colour attribution")
HANDWRITTEN = "hand-written"
EDIT_KINDS = ("add", "remove", "replace", "adjust", "background", "style", "action", "extract", "hybrid")
"""Those of the mean; edits with a second picture ("combine") are reported apart."""


@dataclass(frozen=True)
class Prompt:
    """set: one of PROMPT_SETS or HANDWRITTEN. scene: one right picture, for the controls."""

    set: str
    text: str
    request: Request
    scene: Scene
    held_out: bool


@dataclass(frozen=True)
class EditCase:
    """sources: the pictures in the order of the conversation; base: index of the one that is changed."""

    kind: str
    text: str
    sources: tuple[Scene, ...]
    base: int
    target: Scene
    request: Request
    held_out: bool

    @property
    def source(self) -> Scene:
        return self.sources[self.base]


@dataclass(frozen=True)
class QuestionCase:
    """A question about one picture and its one right answer."""

    kind: str
    text: str
    answer: str
    scene: Scene
    held_out: bool


@dataclass(frozen=True)
class Turn:
    """kind: ask, change, draw or talk. picture: what is shown from then on, if the turn made a new picture."""

    kind: str
    text: str
    answer: str
    picture: Scene | None


@dataclass(frozen=True)
class ChatCase:
    """picture: what is shown at the start, or None."""

    picture: Scene | None
    turns: tuple[Turn, ...]
    held_out: bool


@dataclass(frozen=True)
class Test:
    """All parts; an item's index in its part is how a run's manifest names it."""

    prompts: tuple[Prompt, ...]
    edits: tuple[EditCase, ...]
    questions: tuple[QuestionCase, ...]
    descriptions: tuple[QuestionCase, ...]
    chats: tuple[ChatCase, ...]


# ---------------------------------------------------------------- compact JSON


def _row(item) -> list:
    """A flat dataclass as a list without the defaults at its end."""
    values = list(astuple(item))
    for field in reversed(fields(item)):
        if values[-1] != field.default:
            break
        values.pop()
    return values


def packed_scene(scene: Scene | None) -> list | None:
    """[things, ground, style, offset]."""
    return scene and [[_row(o) for o in scene.objects], _row(scene.ground), scene.style, list(scene.offset)]


def scene_of(data: list | None) -> Scene | None:
    if data is None:
        return None
    things, ground, style, offset = data
    return Scene(tuple(Placed(*o) for o in things), Ground(*ground), style, tuple(offset))


def packed_request(r: Request) -> list:
    return [[_row(w) for w in r.objects], [_row(x) for x in r.relations], r.ground, r.style, r.without]


def request_of(data: list) -> Request:
    things, relations, ground, style, without = data
    wanted, related = tuple(Wanted(*w) for w in things), tuple(Related(*x) for x in relations)
    return Request(wanted, related, ground and tuple(ground), style, tuple(without))


def packed(item) -> list:
    """A case as a list: its fields in their order."""
    match item:
        case Prompt():
            return [item.set, item.text, packed_request(item.request), packed_scene(item.scene), item.held_out]
        case EditCase():
            sources = [packed_scene(s) for s in item.sources]
            target, request = packed_scene(item.target), packed_request(item.request)
            return [item.kind, item.text, sources, item.base, target, request, item.held_out]
        case QuestionCase():
            return [item.kind, item.text, item.answer, packed_scene(item.scene), item.held_out]
        case ChatCase():
            turns = [[t.kind, t.text, t.answer, packed_scene(t.picture)] for t in item.turns]
            return [packed_scene(item.picture), turns, item.held_out]
    raise TypeError(f"no case of the test: {item!r}")


def _prompt(d: list) -> Prompt:
    return Prompt(d[0], d[1], request_of(d[2]), scene_of(d[3]), d[4])


def _edit(d: list) -> EditCase:
    return EditCase(d[0], d[1], tuple(scene_of(s) for s in d[2]), d[3], scene_of(d[4]), request_of(d[5]), d[6])


def _question(d: list) -> QuestionCase:
    return QuestionCase(d[0], d[1], d[2], scene_of(d[3]), d[4])


def _chat(d: list) -> ChatCase:
    return ChatCase(scene_of(d[0]), tuple(Turn(*t[:3], scene_of(t[3])) for t in d[1]), d[2])


_READERS = {"prompts": _prompt, "edits": _edit, "questions": _question, "descriptions": _question, "chats": _chat}


def write(parts: dict[str, Sequence], file: Path = FILE) -> None:
    """One case a line."""
    blocks = (
        f'"{name}": [\n' + ",\n".join(json.dumps(packed(item), separators=(",", ":")) for item in items) + "\n]"
        for name, items in parts.items()
    )
    file.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


@lru_cache(1)
def load() -> Test:
    """The whole frozen test."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    return Test(**{name: tuple(read(d) for d in data[name]) for name, read in _READERS.items()})
