"""How people word edits, at least ten ways each.

{o}: the thing spoken of, {n}: a new thing (or, of two pictures, which one), {p}: a place or relation, {c}: a colour or
ground, {s}: a size or style, {a}: a thing of the picture that is changed.
"""

ADD = (
    "add {n} {p}", "add {n} {p}", "put {n} {p}", "place {n} {p}", "insert {n} {p}", "draw {n} {p}",
    "include {n} {p}", "i want {n} {p}", "there should be {n} {p}", "can you add {n} {p}", "please add {n} {p}",
    "also draw {n} {p}", "paint {n} {p}", "add {n} {p} please",
)  # fmt: skip
REMOVE = (
    "remove {o}", "delete {o}", "erase {o}", "get rid of {o}", "take {o} away", "take {o} out", "please remove {o}",
    "{o} should disappear", "i don't want {o}", "without {o}", "can you remove {o}", "clear {o}",
    "remove {o} from the picture", "make {o} disappear",
)  # fmt: skip
ALL_BUT = (
    "remove everything except {o}",
    "remove all but {o}",
    "keep only {o}, leave the background",
    "delete everything but {o}",
)
REPLACE = (
    "replace {o} with {n}", "replace {o} with {n}", "replace {o} by {n}", "turn {o} into {n}", "swap {o} for {n}",
    "swap {o} with {n}", "change {o} to {n}", "change {o} into {n}", "put {n} in place of {o}",
    "exchange {o} for {n}", "make {o} {n}", "i want {n} instead of {o}", "substitute {n} for {o}",
    "{n} instead of {o}",
)  # fmt: skip
RECOLOUR = (
    "make {o} {c}", "make {o} {c}", "paint {o} {c}", "colour {o} {c}", "color {o} {c}", "recolour {o} {c}",
    "turn {o} {c}", "change {o} to {c}", "change the colour of {o} to {c}", "change the color of {o} to {c}",
    "{o} should be {c}", "i want {o} to be {c}", "dye {o} {c}", "{o} in {c} please", "give {o} a {c} colour",
)  # fmt: skip
RESIZE = {
    1: (
        "make {o} bigger", "make {o} larger", "enlarge {o}", "increase the size of {o}", "scale {o} up",
        "{o} should be bigger", "i want {o} bigger", "can you make {o} bigger", "grow {o}",
        "a bigger version of {o} please", "make {o} a bit bigger",
    ),
    -1: (
        "make {o} smaller", "shrink {o}", "reduce the size of {o}", "scale {o} down", "{o} should be smaller",
        "make {o} a bit smaller", "i want {o} smaller", "can you make {o} smaller", "make {o} less big",
        "a smaller version of {o} please",
    ),
}  # fmt: skip
SIZED = ("make {o} {s}", "{o} should be {s}", "i want {o} to be {s}", "change the size of {o} to {s}", "turn {o} {s}")
BACKGROUND = (
    "change the background to {c}", "change the background to {c}", "make the background {c}",
    "set the background to {c}", "turn the background into {c}", "replace the background with {c}",
    "i want {c} as the background", "use {c} as the background", "the background should be {c}",
    "can you make the background {c}", "swap the background for {c}", "background: {c}",
)  # fmt: skip
BACKGROUND_COLOUR = (
    "paint the background {c}", "turn the background {c}", "make the background {c}", "{c} background",
    "colour the background {c}", "change the background colour to {c}", "change the background color to {c}",
    "the background should be {c}", "background: {c}", "change the background to {c}", "i want a {c} background",
    "put it on a {c} background",
)  # fmt: skip
PUT_INTO = (
    "put it {p}", "put everything {p}", "move the scene {p}", "place it {p}", "show it {p}", "let it be {p}",
    "i want it {p}", "make it look like it is {p}", "set the scene {p}", "what if it were {p}",
)  # fmt: skip
STYLE = (
    "turn it into {s}", "make it {s}", "convert it to {s}", "change the style to {s}", "redraw it as {s}",
    "turn the picture into {s}", "make the picture {s}", "i want it as {s}", "can you make it {s}", "show it as {s}",
    "render it as {s}", "{s} please", "as {s}",
)  # fmt: skip
STYLE_NAMES = {
    "3d": ("a 3d render", "3d", "a 3d picture"),
    "flat": ("a flat icon", "flat design", "a flat illustration"),
    "pixel": ("pixel art", "a pixel art picture", "8-bit pixel art"),
    "line": ("a line drawing", "line art", "a coloring page"),
    "grey": ("black and white", "greyscale", "a black and white picture"),
    "sticker": ("a sticker", "stickers", "a sticker picture"),
}  # fmt: skip
MOVE = (
    "move {o} {p}", "move {o} {p}", "put {o} {p}", "place {o} {p}", "shift {o} {p}", "bring {o} {p}",
    "can you move {o} {p}", "{o} should be {p}", "i want {o} {p}", "drag {o} {p}", "please put {o} {p}",
)  # fmt: skip
BE_AT = ("put {o} {p}", "place {o} {p}", "{o} should be {p}", "i want {o} {p}", "please put {o} {p}")
"""Those of MOVE that say where a thing shall be, not where it shall go."""
FLIP = (
    "flip {o}", "mirror {o}", "flip {o} horizontally", "make {o} face the other way", "turn {o} around",
    "reflect {o}", "flip {o} left to right", "mirror {o} horizontally", "let {o} look the other way", "reverse {o}",
)  # fmt: skip
ROTATE = {
    "turned right": (
        "rotate {o} by 90 degrees", "rotate {o} to the right", "turn {o} 90 degrees clockwise",
        "rotate {o} clockwise", "turn {o} on its right side", "tip {o} over to the right",
        "rotate {o} 90 degrees to the right", "turn {o} to the right", "tilt {o} to the right",
        "spin {o} by a quarter clockwise",
    ),
    "upside down": (
        "turn {o} upside down", "rotate {o} by 180 degrees", "flip {o} upside down", "put {o} on its head",
        "rotate {o} 180 degrees", "make {o} stand on its head", "{o} should be upside down", "turn {o} over",
        "i want {o} upside down", "invert {o}",
    ),
    "turned left": (
        "rotate {o} to the left", "turn {o} 90 degrees counterclockwise", "rotate {o} anticlockwise",
        "turn {o} on its left side", "tip {o} over to the left", "rotate {o} 90 degrees to the left",
        "turn {o} to the left", "tilt {o} to the left", "rotate {o} counterclockwise",
        "spin {o} by a quarter counterclockwise",
    ),
}  # fmt: skip
DUPLICATE = (
    "duplicate {o}", "copy {o}", "make a copy of {o}", "double {o}", "clone {o}", "add a copy of {o}", "repeat {o}",
    "i want {o} twice", "make two of {o}", "show {o} twice", "add another one like {o}",
    "put a second one next to {o}",
)  # fmt: skip
EXTRACT = (
    "extract {o}", "extract {o} on white", "cut {o} out", "cut {o} out on a white background", "isolate {o}",
    "crop {o} on white", "only {o}, on white", "show only {o} on a white background",
    "separate {o} from the background", "keep only {o} on a white background", "give me just {o} on white",
    "cut {o} out of the picture", "make a cutout of {o}",
)  # fmt: skip
JOINED = (
    "{a} and {b}", "{a} and {b}", "{a}, then {b}", "{a} and then {b}", "{a}, {b}", "{a}. {b}", "first {a}, then {b}",
    "{a} and also {b}", "please {a} and {b}", "{a}; {b}",
)  # fmt: skip
OF_OTHER = (
    "put {o} of the {n} picture {p}", "put {o} from the {n} picture {p}", "add {o} of the {n} picture {p}",
    "take {o} from the {n} image and put it {p}", "place {o} from the {n} image {p}",
    "copy {o} of the {n} picture {p}", "{o} of the {n} picture should be {p}", "bring {o} from the {n} picture {p}",
    "insert {o} from the {n} photo {p}", "i want {o} of the {n} image {p}",
)  # fmt: skip
SWAP_OTHER = (
    "replace {a} with {o} of the {n} picture", "replace {a} by {o} from the {n} picture",
    "swap {a} for {o} of the {n} picture", "put {o} from the {n} image in place of {a}",
    "exchange {a} for {o} from the {n} picture", "use {o} from the {n} picture instead of {a}",
    "turn {a} into {o} of the {n} picture", "change {a} to {o} from the {n} image",
    "substitute {o} of the {n} picture for {a}", "i want {o} of the {n} picture instead of {a}",
)  # fmt: skip
GROUND_OTHER = (
    "use the background of the {n} picture", "take the background from the {n} picture",
    "replace the background with the one of the {n} picture", "give it the background of the {n} image",
    "change the background to that of the {n} picture", "put it in front of the background of the {n} picture",
    "same background as the {n} picture", "the background should be like in the {n} picture",
    "copy the background of the {n} image", "swap the background for that of the {n} picture",
)  # fmt: skip
STYLE_OTHER = (
    "use the style of the {n} picture", "draw it in the style of the {n} picture",
    "make it look like the {n} picture", "same style as the {n} image", "apply the style of the {n} picture",
    "change the style to that of the {n} picture", "take over the style of the {n} picture",
    "render it like the {n} picture", "give it the style of the {n} image", "match the style of the {n} picture",
)  # fmt: skip
COLOUR_OTHER = (
    "make {a} the colour of {o} in the {n} picture", "give {a} the colour of {o} in the {n} picture",
    "paint {a} like {o} in the {n} picture", "{a} should have the color of {o} in the {n} image",
    "use the colour of {o} in the {n} picture for {a}", "make {a} as colourful as {o} in the {n} picture",
    "colour {a} like {o} of the {n} picture", "take the colour of {o} from the {n} picture for {a}",
    "recolour {a} like {o} in the {n} picture", "copy the color of {o} in the {n} picture to {a}",
)  # fmt: skip
