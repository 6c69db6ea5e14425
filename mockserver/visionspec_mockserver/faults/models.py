"""What a plan of faults may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from visionspec_mockserver.faults.operations import OPERATIONS
from visionspec_mockserver.scripts.expressions import globbed
from visionspec_mockserver.scripts.parts import (
    MAX_DELAY_S,
    Delay,
    Failure,
    Name,
    Strict,
    Texts,
)

Hostile = Literal[
    "fenced",
    "prose",
    "truncated",
    "seg_tokens",
    "runaway_base64",
    "reversed_corners",
    "xy_order",
    "wrong_mime",
    "polygon_for_png",
]

EFFECTS = (
    "error",
    "reset",
    "cut",
    "stall",
    "lose_reply",
    "break_upload",
    "hostile",
    "quota",
)


class Quota(Strict):
    """So many requests in a minute and in a day, by the server's clock; more are refused until there is room."""

    per_minute: int | None = Field(default=None, ge=0)
    per_day: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _says_something(self) -> Quota:
        if self.per_minute is None and self.per_day is None:
            raise ValueError("say per_minute, per_day or both")
        return self


class Stall(Strict):
    """The answer stops after so many bytes of its body, and goes on later."""

    after_bytes: int = Field(default=0, ge=0)
    for_s: float = Field(default=60, gt=0, le=MAX_DELAY_S, allow_inf_nan=False)


class At(Strict):
    """A place in a body; a number alone is the place."""

    after_bytes: int = Field(default=0, ge=0)


def _at(value: object) -> object:
    return {"after_bytes": value} if isinstance(value, int) and not isinstance(value, bool) else value


AtInput = Annotated[At, BeforeValidator(_at, json_schema_input_type=int | At)]


class Problem(Failure):
    """An error; a status alone has the details that go with it. ``retry_after_s`` says when to come back."""

    message: str = ""
    retry_after_s: float | None = Field(default=None, ge=0, le=86_400, allow_inf_nan=False)


def _status(value: object) -> object:
    return {"status": value} if isinstance(value, int) and not isinstance(value, bool) else value


class Fault(Strict):
    """One failure, which requests it is for, and how often it happens."""

    name: Name | None = None
    operation: Texts = Field(default=["*"], min_length=1, description=", ".join(OPERATIONS) + "; * for any")
    test: Name | None = Field(default=None, description="the value of the header x-visionspec-test")
    skip: int = Field(default=0, ge=0, description="so many requests go by first")
    times: int | None = Field(default=None, ge=1, description="how often it happens; by default always")
    may_rest: bool = Field(default=False, description="it is fine if it never happens")

    delay_s: Delay = Field(
        default=0, description="the time before anything happens; alone or with one of the rest"
    )
    error: Annotated[Problem, BeforeValidator(_status, json_schema_input_type=int | Problem)] | None = Field(
        default=None, description="answered instead; nothing else has happened"
    )
    reset: (
        Annotated[
            Literal["before"] | At,
            BeforeValidator(lambda v: At.model_validate(_at(v)) if v != "before" else v),
        ]
        | None
    ) = Field(
        default=None, description="the connection breaks: before anything is done, or in the answer's body"
    )
    cut: AtInput | None = Field(default=None, description="the answer's body ends here as if it were whole")
    stall: Stall | None = None
    lose_reply: Literal[True] | None = Field(default=None, description="all is done, and nothing is answered")
    break_upload: AtInput | None = Field(
        default=None, description="the connection breaks in the request's body"
    )
    hostile: Hostile | None = Field(default=None, description="what is done to the text of an answer")
    quota: Quota | None = None

    @field_validator("operation")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        for one in value:
            if not any(globbed(one, name) for name in OPERATIONS):
                raise ValueError(f"no operation is named {one!r}; there are {', '.join(OPERATIONS)}")
        return value

    @model_validator(mode="after")
    def _does_one_thing(self) -> Fault:
        effects = [name for name in EFFECTS if getattr(self, name) is not None]
        if len(effects) > 1:
            raise ValueError(f"{' and '.join(effects)} are two faults: plan one after the other")
        if not effects and not self.delay_s:
            raise ValueError(f"say what happens: {', '.join(EFFECTS)} or delay_s")
        if (self.hostile or self.quota) and self.delay_s:
            raise ValueError("plan the delay as a fault of its own")
        return self
