#!/usr/bin/env bash
# Ask about a photo that the request itself holds; the trailing comma is meant.
set -euo pipefail
api=https://generativelanguage.googleapis.com

photo=photos/small.jpg
if [[ "$(base64 --version 2>&1)" = *GNU* ]]; then
  flags="-w0"
else
  flags="-i"
fi

curl -sS "$api/v1beta/models/gemini-2.5-flash:generateContent" \
  -H "x-goog-api-key: $GEMINI_API_KEY" \
  -H 'Content-Type: application/json' \
  -X POST \
  -d '{
    "contents": [{
      "parts": [
        {
          "inline_data": {
            "mime_type": "image/jpeg",
            "data": "'"$(base64 $flags "$photo")"'"
          }
        },
        {"text": "Write a caption for this photo."},
      ]
    }]
  }' 2> /dev/null
