"""The documented path into `supervision.Detections` and back, with the real library."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import supervision

from visionspec import Answer, decode_answer, errors, export

ITEMS = [
    {"box_2d": [100, 100, 500, 300], "label": "cat", "mask": [[100, 100], [300, 100], [300, 500]]},
    {"box_2d": [0, 0, 1000, 1000], "label": "dog"},
    {"box_2d": [200, 500, 700, 900], "label": "cat", "mask": [[0, 0], [10, 0], [0, 10]]},
]


@pytest.fixture
def answer() -> Answer:
    return decode_answer(json.dumps(ITEMS), width_px=100, height_px=50)


class TestSupervision:
    def test_takes_the_arguments_as_they_are(self, answer: Answer) -> None:
        detections = supervision.Detections(**export.to_detections(answer))
        assert len(detections) == 3
        assert detections.xyxy.tolist() == [[10, 5, 30, 25], [0, 0, 100, 50], [50, 10, 90, 35]]
        assert detections.class_id.tolist() == [0, 1, 0]
        assert detections["class_name"].tolist() == ["cat", "dog", "cat"]
        assert detections.mask.shape == (3, 50, 100)
        assert detections.mask.sum(axis=(1, 2)).tolist() == [answer.items[0].mask.area_px, 0, 0]

    def test_gives_back_what_it_took(self, answer: Answer) -> None:
        detections = supervision.Detections(**export.to_detections(answer))
        back = export.from_detections(detections, width_px=100, height_px=50)
        assert [(item.box, item.label) for item in back.items] == [
            (item.box, item.label) for item in answer.items
        ]
        assert [item.mask and item.mask.packed for item in back.items] == [
            item.mask and item.mask.packed for item in answer.items
        ]

    def test_gives_back_a_selection(self, answer: Answer) -> None:
        detections = supervision.Detections(**export.to_detections(answer))
        (item,) = export.from_detections(
            detections[detections.class_id == 1], width_px=100, height_px=50
        ).items
        assert (item.label, item.mask) == ("dog", None)

    def test_agrees_on_the_answer_of_a_model(self, answer: Answer) -> None:
        """supervision reads the same text; its boxes are not rounded, so they differ by less than a pixel."""
        text = "```json\n" + json.dumps([{**item, "mask": ""} for item in ITEMS]) + "\n```"
        theirs = supervision.Detections.from_vlm(
            supervision.VLM.GOOGLE_GEMINI_2_5, result=text, resolution_wh=(100, 50)
        )
        ours = export.to_detections(answer)
        assert np.abs(theirs.xyxy - ours["xyxy"]).max() < 1
        assert theirs["class_name"].tolist() == ours["data"]["class_name"].tolist()

    def test_has_no_masks_if_there_are_none(self) -> None:
        answer = decode_answer(json.dumps(ITEMS[1:2]), width_px=100, height_px=50)
        detections = supervision.Detections(**export.to_detections(answer))
        assert detections.mask is None
        assert export.from_detections(detections, width_px=100, height_px=50).items[0].mask is None

    def test_may_be_empty(self) -> None:
        answer = decode_answer("[]", width_px=100, height_px=50)
        detections = supervision.Detections(**export.to_detections(answer))
        assert len(detections) == 0
        assert export.from_detections(detections, width_px=100, height_px=50).items == ()
        assert export.from_detections(supervision.Detections.empty(), width_px=9, height_px=9).items == ()

    def test_of_another_frame_is_refused(self) -> None:
        data = {"class_name": np.array(["a"])}
        outside = SimpleNamespace(xyxy=np.array([[50.0, 50, 60, 60]]), mask=None, data=data)
        with pytest.raises(errors.InvalidInput):
            export.from_detections(outside, width_px=20, height_px=20)
        masked = SimpleNamespace(xyxy=np.array([[5.0, 5, 15, 15]]), mask=np.ones((1, 10, 10), bool), data={})
        with pytest.raises(errors.InvalidInput):
            export.from_detections(masked, width_px=20, height_px=20)
