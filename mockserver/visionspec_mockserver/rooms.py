"""The rooms of the API, each with its routes; the control plane is none of them."""

from __future__ import annotations

from visionspec_mockserver.routes import files, generate, interactions, models, upload

ROOMS = (generate, interactions, upload, files, models)  # what is asked for most is found first
