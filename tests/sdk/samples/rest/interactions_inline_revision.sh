#!/usr/bin/env bash
# Ask about a photo that the request itself holds, naming the revision of the API.
set -euo pipefail
api=https://generativelanguage.googleapis.com

photo=photos/small.jpg
if [[ "$(base64 --version 2>&1)" = *GNU* ]]; then
  flags="-w0"
else
  flags="-i"
fi

curl -sS -X POST "$api/v1beta/interactions" \
  -H "x-goog-api-key: $GEMINI_API_KEY" \
  -H 'Content-Type: application/json' \
  -H "Api-Revision: 2026-05-20" \
  -d '{
    "model": "gemini-3-flash-preview",
    "input": [
      {"type": "text", "text": "Write a caption for this photo."},
      {
        "type": "image",
        "data": "'"$(base64 $flags "$photo")"'",
        "mime_type": "image/jpeg"
      }
    ]
  }'
