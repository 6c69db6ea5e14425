"""DSPy, which asks in a language of its own, over LiteLLM."""

from __future__ import annotations

from typing import Any

import dspy
from probing import MODEL, PATH, UNKNOWN, Items, error_of, report
from probing import boxes as dumped
from probing import usage as counted

# no cache: what DSPy has asked once is else answered from the disk, by no server
dspy.configure(lm=dspy.LM(f"gemini/{MODEL}", cache=False), adapter=dspy.JSONAdapter(), track_usage=True)


class Describe(dspy.Signature):
    """Caption this image."""

    image: dspy.Image = dspy.InputField()
    caption: str = dspy.OutputField()


class Detect(dspy.Signature):
    """Detect the items. The box_2d should be [ymin, xmin, ymax, xmax] normalized to 0-1000."""

    image: dspy.Image = dspy.InputField()
    found: Items = dspy.OutputField()


def image() -> dspy.Image:
    return dspy.Image.from_path(str(PATH))


def inline() -> Any:
    reply = dspy.Predict(Describe)(image=image())
    tokens = reply.get_lm_usage()[f"gemini/{MODEL}"]
    return {"text": reply.caption, "usage": counted(tokens["prompt_tokens"], tokens["completion_tokens"])}


def boxes() -> Any:
    return dumped(dspy.Predict(Detect)(image=image()).found)


def boxes_by_prompt() -> Any:
    """By way of the default adapter, whose own form the stand-in does not speak: DSPy asks again in JSON."""
    with dspy.context(adapter=dspy.ChatAdapter()):
        return dumped(dspy.Predict(Detect)(image=image()).found)


def error() -> Any:
    with dspy.context(lm=dspy.LM(f"gemini/{UNKNOWN}", cache=False, num_retries=0)):
        return error_of(lambda: dspy.Predict(Describe)(image=image()))


report(inline, boxes, boxes_by_prompt, error)
