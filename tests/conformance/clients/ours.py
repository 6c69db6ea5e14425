"""An application of our own client: ``python ours.py IMAGE`` uploads it, waits for it, and asks in both dialects."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import visionspec

QUESTION = "What is in the image?"

path = Path(sys.argv[1])
base_url, key = os.environ["GOOGLE_GEMINI_BASE_URL"], os.environ["GEMINI_API_KEY"]
with visionspec.Client(base_url=base_url, api_key=key) as client:
    file = client.wait_until_active(client.upload(path, chunk_bytes=256 * 1024))
    print(client.generate_content("gemini-2.5-flash", [file, QUESTION]).text)
    print(client.interact("gemini-3-flash-preview", [QUESTION, path]).output_text)
