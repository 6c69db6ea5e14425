"""The models that the server knows by name.

Names are those of the documents and of the SDKs' own list. What a name costs in tokens follows from its
family (`visionspec.rules.tokens`), so an entry says only what the models endpoint shows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from visionspec.models.generate import Model
from visionspec.rules.tokens import family_of

METHODS = ["generateContent", "countTokens"]
_INPUT_TOKENS = 1_048_576
# A dated, numbered or provisional release of a model: gemini-2.5-flash-preview-09-2025, gemini-2.0-flash-001.
_RELEASE = re.compile(r"-(?:\d{3}|latest|(?:exp|preview)(?:-\d\d-\d\d(?:\d\d)?)?|\d\d-\d{4})$")


class Entry(NamedTuple):
    """One model.

    ``refused_levels``: thinking levels that it does not have, as far as that was observed; ``always_thinks``:
    whether a thinking budget of 0 is refused.
    """

    name: str
    display_name: str
    output_tokens: int = 65_536
    thinking: bool = True
    refused_levels: frozenset[str] = frozenset()
    always_thinks: bool = False

    @property
    def family(self) -> str:
        """The family by which its image tokens are counted."""
        return family_of(self.name)

    @property
    def input_tokens(self) -> int:
        """The most that a prompt may cost."""
        return _INPUT_TOKENS

    def resource(self) -> Model:
        """What the models endpoint shows."""
        return Model(
            name=f"models/{self.name}",
            version=self.name.removeprefix("gemini-"),
            display_name=self.display_name,
            description=f"{self.display_name}, as far as an offline stand-in goes: it answers by looking.",
            input_token_limit=self.input_tokens,
            output_token_limit=self.output_tokens,
            supported_generation_methods=METHODS,
            temperature=1.0,
            max_temperature=2.0,
            top_p=0.95,
            top_k=64,
            thinking=self.thinking,
        )


# Facts 4.11 and 1.8.3: 3.7 and 3.8 Flash, 3.1 Pro and 4 Argon think at least on level low.
_NO_MINIMAL = frozenset({"minimal", "xhigh"})
_NO_XHIGH = frozenset({"xhigh"})

ENTRIES: tuple[Entry, ...] = (
    Entry("gemini-1.0-pro-vision", "Gemini 1.0 Pro Vision", 4096, thinking=False),
    Entry("gemini-1.5-flash", "Gemini 1.5 Flash", 8192, thinking=False),
    Entry("gemini-1.5-flash-8b", "Gemini 1.5 Flash-8B", 8192, thinking=False),
    Entry("gemini-1.5-pro", "Gemini 1.5 Pro", 8192, thinking=False),
    Entry("gemini-2.0-flash", "Gemini 2.0 Flash", 8192, thinking=False),
    Entry("gemini-2.0-flash-lite", "Gemini 2.0 Flash-Lite", 8192, thinking=False),
    Entry("gemini-2.5-flash", "Gemini 2.5 Flash"),
    Entry("gemini-2.5-flash-image", "Gemini 2.5 Flash Image", 32_768, thinking=False),
    Entry("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite"),
    Entry("gemini-2.5-pro", "Gemini 2.5 Pro", always_thinks=True),
    Entry("gemini-3-flash-preview", "Gemini 3 Flash Preview", refused_levels=_NO_XHIGH),
    Entry("gemini-3-pro-image", "Gemini 3 Pro Image", 32_768),
    Entry("gemini-3-pro-preview", "Gemini 3 Pro Preview", refused_levels=_NO_XHIGH),
    Entry("gemini-3.1-flash-image", "Gemini 3.1 Flash Image", 32_768),
    Entry("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite", refused_levels=_NO_XHIGH),
    Entry("gemini-3.1-flash-lite-image", "Gemini 3.1 Flash-Lite Image", 32_768),
    Entry("gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview", refused_levels=_NO_MINIMAL),
    Entry(
        "gemini-3.1-pro-preview-customtools",
        "Gemini 3.1 Pro Preview Custom Tools",
        refused_levels=_NO_MINIMAL,
    ),
    Entry("gemini-3.5-flash", "Gemini 3.5 Flash", refused_levels=_NO_XHIGH),
    Entry("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", refused_levels=_NO_XHIGH),
    Entry("gemini-3.6-flash", "Gemini 3.6 Flash", refused_levels=_NO_XHIGH),
    Entry("gemini-3.7-flash", "Gemini 3.7 Flash", refused_levels=_NO_MINIMAL),
    Entry("gemini-3.8-flash", "Gemini 3.8 Flash", refused_levels=_NO_MINIMAL),
    Entry("gemini-4-argon", "Gemini 4 Argon", refused_levels=_NO_MINIMAL),
    Entry("gemini-4-carbon", "Gemini 4 Carbon"),
    Entry("gemini-4-hydrogen", "Gemini 4 Hydrogen"),
    Entry("gemini-flash-latest", "Gemini Flash Latest"),
    Entry("gemini-flash-lite-latest", "Gemini Flash-Lite Latest"),
    Entry("gemini-pro-latest", "Gemini Pro Latest"),
    Entry("gemini-nano-banana-2.1", "Gemini Nano Banana 2.1", 32_768),
    Entry("nano-banana-pro-preview", "Nano Banana Pro", 32_768),
    Entry("gemini-robotics-er-1.6-preview", "Gemini Robotics-ER 1.6 Preview"),
    Entry("gemini-robotics-er-2-preview", "Gemini Robotics-ER 2 Preview"),
    Entry("gemma-4-26b-a4b-it", "Gemma 4 26B A4B IT", 32_768),
    Entry("gemma-4-31b-it", "Gemma 4 31B IT", 32_768),
)
_BY_NAME = {entry.name: entry for entry in ENTRIES}


def find(name: str) -> Entry | None:
    """The model of a name, with or without ``models/``; a release of a model is the model under that name."""
    name = name.removeprefix("models/")
    if name in _BY_NAME:
        return _BY_NAME[name]
    base = _RELEASE.sub("", name)
    return _BY_NAME[base]._replace(name=name) if base != name and base in _BY_NAME else None
