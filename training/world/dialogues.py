"""Chats of three to five turns about pictures: questions that refer back, changes, wishes to draw, and small talk.

A turn that asks for a picture is answered by a line the app can act upon: DRAW or CHANGE, then the wish with all
that it refers back to said in full.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from training.data.scenes import choice

from .captions import PLACE_ANSWER, STYLE_ANSWER, caption, colour_word, describe, ground_answer, named, noun, typed
from .edits import edit, nearest, spots
from .parse import nearest as nearest_words
from .phrases import RELATION_WORDS, article
from .questions import NUMBER, QUESTION_KINDS, asked, listed, question, the_plain
from .requests import related
from .sampling import FULL, sample
from .scenes import Placed, Scene, valid
from .splits import in_training
from .vocabulary import BY_NAME, COLOUR_NAMES, KINDS, NAMES, PLACES, SCENERIES, STYLES, THINGS, UNKNOWN

Rng = np.random.Generator

DRAW = "i will draw: "
CHANGE = "i will change the picture: "


@dataclass(frozen=True)
class Turn:
    """kind: ask, change, draw or talk. picture: what is shown after the turn if it made a new picture."""

    kind: str
    text: str
    answer: str
    picture: Scene | None = None


@dataclass(frozen=True)
class Dialogue:
    """picture: what the person shows at the start, or None."""

    picture: Scene | None
    turns: tuple[Turn, ...]


@dataclass
class _Chat:
    """Where a chat stands. focus: index of the thing that 'it' means; topic: what was last asked about it."""

    scene: Scene | None
    turns: list[Turn] = field(default_factory=list)
    focus: int | None = None
    topic: str | None = None
    changed: str | None = None

    def say(self, kind: str, text: str, answer: str, rng: Rng, picture: Scene | None = None) -> bool:
        said = typed(text, rng, ".", 0.1) if kind in ("change", "draw") else asked(text, rng)
        self.turns.append(Turn(kind, said, answer, picture))
        return True

    @property
    def repeats(self) -> bool:
        """Whether the last turn is answered like an earlier one about the same picture, yes and no apart."""
        last = self.turns[-1]
        for turn in reversed(self.turns[:-1]):
            if turn.picture or last.kind != "ask":
                return False
            if turn.kind == "ask" and turn.answer == last.answer and turn.answer not in ("yes", "no"):
                return True
        return False

    def restore(self, earlier: "_Chat") -> None:
        """Takes the state of a copy made before."""
        self.__dict__.update(earlier.__dict__)

    @property
    def it(self) -> Placed | None:
        return None if self.scene is None or self.focus is None else self.scene.objects[self.focus]


def _unique(scene: Scene) -> list[int]:
    """Things whose class alone singles them out."""
    names = [o.name for o in scene.objects]
    return [i for i, n in enumerate(names) if names.count(n) == 1]


# ---------------------------------------------------------------- asking
# Each of these adds a turn and returns True, or returns False if it has nothing to say here.


def _ask_about(chat: _Chat, rng: Rng) -> bool:
    """A question that puts one thing into focus."""
    options = _unique(chat.scene) if chat.scene else []
    if not options:
        return False
    chat.focus, chat.changed = choice(rng, options), None
    o = chat.it
    word = noun(o.name, False, rng)
    the = f"the {word}"
    u = rng.random()
    if u < 0.3:
        chat.topic = "where"
        return chat.say(
            "ask",
            choice(rng, ("where is {}", "where do you see {}", "in which part of the {{p}} is {}")).format(the),
            PLACE_ANSWER[o.place],
            rng,
        )
    if u < 0.6 and o.colour and chat.scene.coloured:
        chat.topic = "colour"
        return chat.say(
            "ask",
            choice(rng, ("what colour is {}", "what color is {}", "which colour does {} have")).format(the),
            o.colour,
            rng,
        )
    chat.topic = None
    if len(chat.scene.objects) == 1 and u < 0.85:
        return chat.say(
            "ask",
            choice(rng, ("what is this", "what do you see", "what is in the {p}")),
            named(o, chat.scene.coloured),
            rng,
        )
    one = word if BY_NAME[o.name].plural is None else f"{article(word)} {word}"
    return chat.say(
        "ask", choice(rng, ("do you see {}", "can you see {}", "does the {{p}} show {}")).format(one), "yes", rng
    )


def _ask_of_it(chat: _Chat, rng: Rng) -> bool:
    """A question about 'it'."""
    o = chat.it
    if o is None:
        return False
    lead = choice(rng, ("", "", "and ", "ok, and "))
    u = rng.random()
    if u < 0.3 and chat.topic != "where":
        chat.topic = "where"
        return chat.say(
            "ask",
            lead + choice(rng, ("where is it", "where exactly is it", "where in the {p} is it")),
            PLACE_ANSWER[o.place],
            rng,
        )
    if u < 0.6 and chat.topic != "colour" and o.colour and chat.scene.coloured:
        chat.topic = "colour"
        return chat.say(
            "ask", lead + choice(rng, ("what colour is it", "what color is it", "which colour is it")), o.colour, rng
        )
    if u < 0.75 and o.colour and chat.scene.coloured:
        chat.topic = None
        right = rng.random() < 0.5
        colour = o.colour if right else choice(rng, [c for c in COLOUR_NAMES if c != o.colour])
        return chat.say(
            "ask", f"{lead}is it {colour_word(colour, rng)}", "yes" if right else f"no, it is {o.colour}", rng
        )
    return _ask_beside_it(chat, rng, lead)


def _ask_beside_it(chat: _Chat, rng: Rng, lead: str) -> bool:
    """'and what is next to it?' moves the focus on."""
    hows = ("left", "right", "above", "below", "beside", "on")
    found = {
        h: [k for k in _unique(chat.scene) if k != chat.focus and related(h, chat.scene.objects[k], chat.it)]
        for h in hows
    }
    every = {h: sum(related(h, o, chat.it) for o in chat.scene.objects if o is not chat.it) for h in hows}
    clear = [h for h in hows if len(found[h]) == every[h] == 1]
    if not clear:
        return False
    how = choice(rng, clear)
    chat.focus, chat.topic, chat.changed = found[how][0], None, None
    text = f"{lead}what is {choice(rng, RELATION_WORDS[how])} it"
    return chat.say("ask", text, named(chat.it, chat.scene.coloured), rng)


def _ask_same_of_other(chat: _Chat, rng: Rng) -> bool:
    """'and the dog?' after a question about colour or place."""
    options = [i for i in _unique(chat.scene) if i != chat.focus] if chat.scene else []
    options = [i for i in options if chat.topic == "where" or chat.scene.objects[i].colour]
    if chat.topic is None or not options or chat.focus is None:
        return False
    chat.focus, chat.changed = choice(rng, options), None
    o = chat.it
    text = choice(
        rng,
        (
            "and the {}",
            "what about the {}",
            "and that of the {}" if chat.topic == "colour" else "and the {}",
            "how about the {}",
        ),
    )
    return chat.say(
        "ask", text.format(noun(o.name, False, rng)), PLACE_ANSWER[o.place] if chat.topic == "where" else o.colour, rng
    )


def _ask_anything(chat: _Chat, rng: Rng) -> bool:
    """A question of its own, which leaves 'it' open."""
    found = chat.scene and question(chat.scene, rng, choice(rng, QUESTION_KINDS))
    if not found:
        return False
    chat.turns.append(Turn("ask", found.text, found.answer))
    chat.focus = chat.topic = chat.changed = None
    return True


_AFTER = {
    "colour": lambda chat: (
        ("what colour is it now", "which color is it now", "and what colour is it now"),
        chat.it.colour,
    ),
    "place": lambda chat: (
        ("where is it now", "and where is it now", "where do you see it now"),
        PLACE_ANSWER[chat.it.place],
    ),
    "ground": lambda chat: (
        ("what is the background now", "and what is behind it now"),
        ground_answer(chat.scene.ground),
    ),
    "style": lambda chat: (("what style is it now", "which style does it have now"), STYLE_ANSWER[chat.scene.style]),
    "count": lambda chat: (
        ("how many things are left", "how many objects are there now"),
        NUMBER[len(chat.scene.objects)],
    ),
}


def _ask_after(chat: _Chat, rng: Rng) -> bool:
    """'what colour is it now?' after a change."""
    if chat.changed is None or (chat.changed in ("colour", "place") and chat.it is None):
        return False
    if chat.changed == "colour" and not chat.scene.coloured:
        return False
    forms, answer = _AFTER[chat.changed](chat)
    chat.topic = chat.changed if chat.changed == "colour" else None
    chat.changed = None
    return chat.say("ask", choice(rng, forms), answer, rng)


def _ask_description(chat: _Chat, rng: Rng) -> bool:
    if chat.scene is None:
        return False
    chat.focus = chat.topic = chat.changed = None
    return chat.say(
        "ask",
        choice(rng, ("describe it", "describe the {p}", "now describe the {p}", "so what do we have now")),
        describe(chat.scene),
        rng,
    )


# ---------------------------------------------------------------- changing and drawing


def _change_it(chat: _Chat, rng: Rng) -> bool:
    """'make it blue': the answer says what 'it' is."""
    o = chat.it
    if o is None:
        return False
    name = the_plain(chat.scene, o)
    kind = choice(rng, ("colour", "colour", "place", "size", "gone"))
    if kind == "colour":
        options = [c for c in BY_NAME[o.name].tints if c != o.tint] if chat.scene.coloured else []
        if not options:
            return False
        colour = choice(rng, options)
        text, target = (
            f"{choice(rng, ('make', 'paint', 'colour', 'turn'))} {{}} {colour}",
            chat.scene.with_object(chat.focus, tint=colour),
        )
    elif kind == "place":
        place = choice(rng, [p for p in PLACES if p != o.place])
        best = nearest(spots(chat.scene.without(chat.focus), o, lambda m: m.place == place), o)
        if best is None:
            return False
        text, target = (
            f"{choice(rng, ('move', 'put', 'bring'))} {{}} to the {place}",
            chat.scene.with_object(chat.focus, row=best.row, column=best.column),
        )
    elif kind == "size":
        step = choice(rng, (1, -1))
        best = (
            nearest(spots(chat.scene.without(chat.focus), replace(o, size=o.size + step)), o)
            if 2 <= o.size + step <= 5
            else None
        )
        if best is None:
            return False
        text, target = (
            f"make {{}} {'bigger' if step > 0 else 'smaller'}",
            chat.scene.with_object(chat.focus, size=best.size, row=best.row, column=best.column),
        )
    else:
        if len(chat.scene.objects) < 2:
            return False
        text, target = f"{choice(rng, ('remove', 'delete', 'erase'))} {{}}", chat.scene.without(chat.focus)
    if not (valid(target) and in_training(target)):
        return False
    lead = choice(rng, ("", "", "now ", "please ", "and now "))
    chat.say("change", lead + text.format("it"), CHANGE + text.format(name), rng, target)
    chat.scene, chat.changed = target, {"gone": "count", "size": None}.get(kind, kind)
    chat.topic = None
    if kind == "gone":
        chat.focus = None
    return True


def _change_whole(chat: _Chat, rng: Rng) -> bool:
    """A new background or style: 'it' is the picture."""
    kind = choice(rng, ("background", "style"))
    found = chat.scene and edit(chat.scene, rng, kind, tries=3)
    if not found or found.text != found.text.lower():
        return False
    resolved = " ".join(found.text.rstrip("!. ").split())
    chat.turns.append(Turn("change", found.text, CHANGE + resolved, found.target))
    chat.scene, chat.topic = found.target, None
    coloured = found.target.coloured or found.target.ground.kind in SCENERIES
    chat.changed = {"background": "ground" if coloured else None, "style": "style"}[kind]
    return True


_WISHES = (
    "draw {}", "can you draw {}", "please draw {}", "draw me {}", "i want a picture of {}", "make a picture of {}",
    "paint {}", "create {}", "could you draw {}", "i'd like to see {}", "show me {}", "now draw {}", "let's draw {}",
    "generate {}",
)  # fmt: skip


def _draw(chat: _Chat, rng: Rng) -> bool:
    """A wish for a picture, recognised as such."""
    scene = sample(rng, FULL)
    words = " ".join(caption(scene, rng, leads=("{}",)).text.lower().replace(" ,", ", ").split()).rstrip("!. ")
    chat.say("draw", choice(rng, _WISHES).format(words), DRAW + words, rng, scene)
    chat.scene, chat.topic, chat.changed = scene, None, None
    chat.focus = 0 if len(scene.objects) == 1 else None
    return True


# ---------------------------------------------------------------- small talk

_KNOWN_KINDS = ("animal", "fruit", "vehicle", "instrument", "flower", "bird", "vegetable", "insect", "tool")
_STYLE_LIST = listed([STYLE_ANSWER[s] for s in STYLES])
_GROUND_LIST = "plain colours, gradients, checkered patterns, " + listed(list(SCENERIES))
_ENGLISH = "i understand english only. i can draw, change and describe pictures of things i know."
_TALK: dict[str, tuple[tuple[str, ...], str]] = {
    "hello": (
        ("hello", "hi", "hey", "good morning", "hi there", "good evening", "hello tusk"),
        "hello! tell me what to draw, or show me a picture.",
    ),
    "thanks": (("thanks", "thank you", "great, thanks", "well done", "nice", "cool, thank you"), "you're welcome!"),
    "bye": (("bye", "goodbye", "see you", "good night", "that's all"), "goodbye!"),
    "who": (
        ("who are you", "what are you", "what is your name", "are you an ai"),
        "i am a small model that draws, changes and describes pictures.",
    ),
    "abilities": (
        (
            "what can you do",
            "what are you able to do",
            "how can you help me",
            "help",
            "what do you know",
            "what is possible here",
            "what can i ask you",
        ),
        "i can draw up to four things, change a picture and answer questions about it.",
    ),
    "count": (
        ("how many things do you know", "how many things can you draw", "how many objects do you know"),
        f"i know {len(NAMES)} things.",
    ),
    "colours": (
        (
            "which colours do you know",
            "what colors can you paint",
            "which colors are there",
            "what colours do you know",
        ),
        f"i know {listed(list(COLOUR_NAMES))}.",
    ),
    "styles": (
        (
            "which styles do you know",
            "what styles can you draw",
            "in which styles can you draw",
            "what art styles are there",
        ),
        f"i know {_STYLE_LIST}.",
    ),
    "backgrounds": (
        ("which backgrounds do you know", "what backgrounds can you draw", "which backgrounds are there"),
        f"i know {_GROUND_LIST}.",
    ),
    "edits": (
        ("how can you change a picture", "what edits can you do", "how can i edit a picture", "what can you change"),
        "i can add, remove, replace, recolour, resize, move, flip and turn things, and change the background.",
    ),
    "english": (
        (
            "zeichne eine katze",
            "was siehst du",
            "dessine un chat",
            "que ves",
            "dibuja un perro",
            "disegna un gatto",
            "hallo wie geht es dir",
            "bonjour",
            "male ein rotes auto",
            "qu'est-ce que c'est",
            "teken een hond",
            "hola que puedes hacer",
            "wo ist die katze",
        ),
        _ENGLISH,
    ),
    "nothing shown": (
        ("what do you think", "are you sure", "why", "how old are you", "what time is it", "tell me a joke"),
        "i don't know. ask me about pictures.",
    ),
}


def _talk(chat: _Chat, rng: Rng) -> bool:
    """What it can do, greetings, things it doesn't know."""
    u = rng.random()
    if u < 0.15:
        kind = choice(rng, _KNOWN_KINDS)
        known = [t.name for t in THINGS if kind in t.kinds][:8]
        text = choice(rng, ("which {} do you know", "what {} can you draw", "which {} can you draw")).format(
            KINDS[kind]
        )
        return chat.say("talk", text, f"for example {listed(known)}.", rng)
    if u < 0.3:
        return _talk_of_word(chat, rng)
    forms, answer = _TALK[choice(rng, list(_TALK))]
    return chat.say("talk", choice(rng, forms), answer, rng)


def unknown_answer(word: str) -> str:
    """What is said of a thing that can't be drawn."""
    close = [w for w in nearest_words(word) if w in BY_NAME or w not in NAMES][:2]
    hint = f" i know {listed(close)}." if close else ""
    return f"i don't know {word}.{hint}"


def _talk_of_word(chat: _Chat, rng: Rng) -> bool:
    """'can you draw a hamster?'"""
    known = rng.random() < 0.5
    name = choice(rng, NAMES) if known else choice(rng, UNKNOWN)
    one = name if name.endswith("s") or (known and BY_NAME[name].plural is None) else f"{article(name)} {name}"
    text = choice(rng, ("do you know {}", "do you know what {} looks like", "do you know how to draw {}")).format(one)
    return chat.say("talk", text, "yes, i can draw that." if known else unknown_answer(name), rng)


def _ask_without_picture(chat: _Chat, rng: Rng) -> bool:
    if chat.scene is not None:
        return False
    text = choice(
        rng,
        (
            "what do you see",
            "where is the {n}",
            "describe the {p}",
            "what colour is the {n}",
            "make it blue",
            "remove the {n}",
        ),
    )
    return chat.say(
        "talk",
        text.replace("{n}", choice(rng, NAMES)),
        "there is no picture yet. show me one, or tell me what to draw.",
        rng,
    )


# ---------------------------------------------------------------- whole chats

Move = Callable[[_Chat, Rng], bool]
_MOVES: tuple[tuple[float, Move], ...] = (
    (6.0, _ask_after),
    (3.0, _ask_of_it),
    (1.5, _ask_same_of_other),
    (1.5, _ask_about),
    (1.0, _ask_anything),
    (2.5, _change_it),
    (0.6, _change_whole),
    (0.3, _ask_description),
    (0.25, _draw),
    (0.25, _talk),
)
_OPENINGS: tuple[tuple[float, Move], ...] = (
    (1.0, _ask_about),
    (0.3, _ask_anything),
    (0.1, _talk),
    (0.1, _ask_description),
)
_EMPTY: tuple[tuple[float, Move], ...] = ((1.0, _draw), (0.6, _talk), (0.1, _ask_without_picture))


def _step(chat: _Chat, moves: tuple[tuple[float, Move], ...], rng: Rng) -> bool:
    weights = np.array([w for w, _ in moves])
    for _ in range(20):
        before = replace(chat, turns=list(chat.turns))
        if moves[int(rng.choice(len(moves), p=weights / weights.sum()))][1](chat, rng) and not chat.repeats:
            return True
        chat.restore(before)
    return False


def dialogue(rng: Rng, scene: Scene | None = None) -> Dialogue:
    """A chat of three to five turns; about `scene`, or with nothing shown at the start."""
    while True:
        chat, length = _Chat(scene), int(rng.integers(3, 6))
        if _step(chat, _OPENINGS if scene else _EMPTY, rng):
            while len(chat.turns) < length and _step(chat, _MOVES if chat.scene else _EMPTY, rng):
                pass
        if len(chat.turns) == length:
            return Dialogue(scene, tuple(chat.turns))
