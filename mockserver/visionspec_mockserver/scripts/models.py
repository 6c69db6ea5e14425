"""What a file of scripts may say. ``spec/schema/scripts.schema.json`` is generated from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue  # noqa: TC002 - pydantic reads it
from pydantic_core import CoreSchema  # noqa: TC002 - pydantic reads it

from visionspec.models.generate import HarmCategory  # noqa: TC001 - pydantic reads it
from visionspec.models.interactions import InteractionStatus  # noqa: TC001 - pydantic reads it
from visionspec_mockserver.faults.models import Fault  # noqa: TC001 - pydantic reads it
from visionspec_mockserver.scripts.expressions import MAX_PATTERN_CHARS, check_pattern
from visionspec_mockserver.scripts.parts import (
    Count,
    Delay,
    Failure,
    File,
    FileInput,
    Name,
    Strict,
    Texts,
    as_file,
    listed,
    read_beside,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_DISTANCE = 64

Endpoint = Literal["generateContent", "streamGenerateContent", "interactions"]
# Names as in Python's SDK 3.3.0.
FinishReason = Literal[
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_OTHER",
    "NO_IMAGE",
    "IMAGE_RECITATION",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
]
BlockReason = Literal[
    "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK"
]
Probability = Literal["NEGLIGIBLE", "LOW", "MEDIUM", "HIGH"]


class Text(Strict):
    """What a text has to be; all that is said has to hold. A string alone is what it has to contain."""

    exact: str | None = None
    contains: Texts | None = None
    regex: str | None = Field(
        default=None,
        max_length=MAX_PATTERN_CHARS,
        description="found anywhere; the syntax of Rust's regex: no look-around, no references back",
    )
    ignore_case: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Text:
        if self.exact is None and self.contains is None and self.regex is None:
            raise ValueError("say exact, contains or regex")
        return self

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            check_pattern(value)
        return value


TextInput = Annotated[
    Text,
    BeforeValidator(
        lambda v: {"contains": v} if isinstance(v, str) else v, json_schema_input_type=str | Text
    ),
]


class Like(File):
    """An image that looks like another: their difference hashes are at most ``distance`` bits apart."""

    dhash: str | None = Field(
        default=None, pattern=r"^[0-9a-fA-F]{16}$", description="as `visionspec scripts digest` prints it"
    )
    distance: int = Field(default=6, ge=0, le=MAX_DISTANCE)

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Like:
        if sum(one is not None for one in (self.file, self.data, self.dhash)) != 1:
            raise ValueError("say one of file, data and dhash")
        if self.dhash is None:
            from visionspec_mockserver.scripts.digests import dhash  # noqa: PLC0415 - loads Pillow

            self.dhash = (
                f"{dhash(self.data if self.data is not None else read_beside(self.file or '', info)):016x}"
            )
        return self


LikeInput = Annotated[Like, BeforeValidator(as_file, json_schema_input_type=str | Like)]


class ImageMatch(Strict):
    """What one image has to be; all that is said has to hold."""

    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$", description="of the bytes as sent")
    same_as: FileInput | None = Field(default=None, description="the very same bytes")
    like: LikeInput | None = None
    mime_type: Texts | None = None
    width_px: Count | None = Field(default=None, description="as displayed, after EXIF orientation")
    height_px: Count | None = Field(default=None, description="as displayed, after EXIF orientation")


class Previous(Strict):
    """The interaction before this one: by its id, or by the script that answered it."""

    id: str | None = None
    script: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Previous:
        if (self.id is None) == (self.script is None):
            raise ValueError("say either id or script")
        return self


class When(Strict):
    """The conditions of a script; all that is said has to hold, and nothing said matches everything."""

    endpoint: (
        Annotated[list[Endpoint], BeforeValidator(listed, json_schema_input_type=Endpoint | list[Endpoint])]
        | None
    ) = None
    model: Texts | None = Field(default=None, description="names; * stands for any characters")
    text: TextInput | None = Field(default=None, description="of the last turn of the user")
    system: TextInput | None = Field(default=None, description="the system instruction")
    image: ImageMatch | None = Field(default=None, description="at least one image is so")
    images: list[ImageMatch] | None = Field(
        default=None, description="so many images, each as said, in this order"
    )
    image_count: Count | None = None
    previous: (
        Annotated[
            bool | Previous,
            BeforeValidator(
                lambda v: Previous.model_validate(v) if isinstance(v, dict) else v,
                json_schema_input_type=bool | Previous,
            ),
        ]
        | None
    ) = Field(default=None, description="true: it goes on from another interaction; false: it does not")
    after: str | None = Field(default=None, description="the name of a script that has answered before")
    call: Count | None = Field(
        default=None, description="the how-manieth request, from 1, for which all the rest holds"
    )


class Item(Strict):
    """A thing in the image, in pixels; the model's own form is made of it."""

    label: str = ""
    box: tuple[int, int, int, int] | None = Field(
        default=None, description="x0, y0, x1, y1 in pixels, x1 and y1 one past the last; found from a mask"
    )
    polygon: list[tuple[float, float]] | None = Field(
        default=None, min_length=3, description="corners x, y in pixels"
    )
    mask: FileInput | None = Field(
        default=None, description="a PNG as large as the image; what is not black belongs to the thing"
    )
    point: tuple[int, int] | None = Field(default=None, description="x, y in pixels")
    image: int = Field(default=0, ge=0, description="which image it is in")
    more: dict[str, JsonValue] = Field(default_factory=dict, description="more keys of the entry")

    @model_validator(mode="after")
    def _is_somewhere(self) -> Item:
        if self.polygon is not None and self.mask is not None:
            raise ValueError("say either polygon or mask")
        if all(one is None for one in (self.box, self.polygon, self.mask, self.point)):
            raise ValueError("say where it is: box, polygon, mask or point")
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            if not (0 <= x0 < x1 and 0 <= y0 < y1):
                raise ValueError(
                    f"box {list(self.box)} is not [x0, y0, x1, y1] in pixels with x0 < x1 and y0 < y1"
                )
        return self

    @field_validator("mask", mode="before")
    @classmethod
    def _array(cls, value: object) -> object:
        """An array of numpy, from Python: what is not 0 belongs to the thing."""
        if not hasattr(value, "__array_interface__"):
            return value
        from visionspec_mockserver.scripts.arrays import png_of_array  # noqa: PLC0415 - loads Pillow

        return png_of_array(value)


class Chunk(Strict):
    """A piece of a stream; a string alone is its text."""

    text: str = Field(min_length=1)
    delay_s: Delay | None = Field(default=None, description="the time before it, instead of chunk_delay_s")


ChunkInput = Annotated[
    Chunk,
    BeforeValidator(lambda v: {"text": v} if isinstance(v, str) else v, json_schema_input_type=str | Chunk),
]


class Blocked(Strict):
    """A blocked prompt; a string alone is the reason."""

    reason: BlockReason = "SAFETY"
    message: str | None = None


class Rating(Strict):
    """How harmful something is said to be."""

    category: HarmCategory
    probability: Probability = "NEGLIGIBLE"
    blocked: bool | None = None


class Call(Strict):
    """A call of a function instead of a text."""

    name: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


SAYS = ("text", "json", "items", "chunks", "function_call", "stand_in")


class Answer(Strict):
    """What is answered (one of text, json, items, chunks, function_call, stand_in), and how it is given."""

    text: str | None = None
    json_: JsonValue | None = Field(default=None, alias="json")
    items: list[Item] | None = Field(default=None, description="a list of box_2d, mask, label, as asked for")
    chunks: list[ChunkInput] | None = Field(
        default=None, min_length=1, description="a text, as it is streamed"
    )
    function_call: Call | None = None
    stand_in: Literal[True] | None = Field(default=None, description="what the stand-in says")

    masks: Literal["png", "polygon"] | None = Field(
        default=None, description="the form of masks; by default polygons where the text asks for them"
    )
    size: tuple[int, int] | None = Field(
        default=None, description="width, height in pixels that items are in; by default those of the image"
    )
    wrap: str | None = Field(default=None, description="the key of an object around the list of items")
    thoughts: Texts = Field(default_factory=list)
    delay_s: Delay = Field(default=0, description="the time before anything is answered")
    chunk_delay_s: Delay = Field(
        default=0, description="the time before every piece of a stream but the first"
    )
    finish_reason: FinishReason | None = None
    finish_message: str | None = None
    safety_ratings: list[Rating] = Field(default_factory=list)
    blocked: (
        Annotated[
            Blocked,
            BeforeValidator(
                lambda v: {"reason": v} if isinstance(v, str) else v,
                json_schema_input_type=BlockReason | Blocked,
            ),
        ]
        | None
    ) = None
    error: Failure | None = Field(default=None, description="with text or chunks: a stream ends in it")
    status: InteractionStatus | None = Field(default=None, description="of the interaction")
    continue_after_tokens: int | None = Field(
        default=None, ge=1, description="an interaction ends so often in requires_continuation"
    )

    @model_validator(mode="after")
    def _is_one_answer(self) -> Answer:
        said = [name for name in SAYS if name in self.model_fields_set or f"{name}_" in self.model_fields_set]
        if len(said) > 1:
            raise ValueError(f"{' and '.join(said)} exclude each other")
        if self.blocked and (said or self.error):
            raise ValueError(f"a blocked prompt has no {(said or ['error'])[0]}")
        if self.error and said not in ([], ["text"], ["chunks"]):
            raise ValueError(f"error goes with text or chunks, not with {said[0]}")
        if not said and not (
            self.blocked or self.error or self.finish_reason or self.status or self.thoughts
        ):
            raise ValueError(f"say one of {', '.join(SAYS)}, error, blocked, finish_reason, status")
        for name in ("masks", "size", "wrap"):
            if getattr(self, name) is not None and self.items is None:
                raise ValueError(f"{name} is for items")
        if self.size is not None and min(self.size) < 1:
            raise ValueError(f"size {list(self.size)} is no width and height in pixels")
        return self


class Script(Strict):
    """One answer and the requests that it is for."""

    name: Name | None = None
    when: When = Field(default_factory=When)
    answer: Annotated[
        Answer,
        BeforeValidator(
            lambda v: {"text": v} if isinstance(v, str) else v, json_schema_input_type=str | Answer
        ),
    ]
    times: int | None = Field(default=None, ge=1, description="how often it answers; by default always")


class ScriptFile(Strict):
    """Scripts and faults, each tried from top to bottom. A list alone is the scripts."""

    model_config = ConfigDict(title="visionspec scripts")

    schema_: str | None = Field(default=None, alias="$schema", description="for editors")
    strict: bool = Field(default=False, description="a request that no script matches fails")
    scripts: list[Script] = Field(default_factory=list, max_length=10_000)
    faults: list[Fault] = Field(default_factory=list, max_length=10_000)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """An object, or the list of scripts alone."""
        whole = handler.resolve_ref_schema(handler(core_schema))
        title, description = whole.pop("title"), whole.pop("description")
        items = whole["properties"]["scripts"]["items"]
        return {
            "title": title,
            "description": description,
            "anyOf": [whole, {"type": "array", "items": items}],
        }

    @model_validator(mode="after")
    def _names(self) -> ScriptFile:
        both: dict[str, Sequence[Script | Fault]] = {"scripts": self.scripts, "faults": self.faults}
        for kind, ones in both.items():
            named: dict[str, int] = {}
            for number, name in enumerate(one.name for one in ones):
                if name is not None and named.setdefault(name, number) != number:
                    raise ValueError(f"{kind} {named[name]} and {number} are both named {name!r}")
        return self
