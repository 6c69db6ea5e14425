#!/usr/bin/env bash
# Ask what a photo on the web shows, of the type that the web says it has.
set -euo pipefail
api=https://generativelanguage.googleapis.com

photo=https://photos.example.org/instruments
mime_type=$(curl -sIL "$photo" | grep -i '^content-type:' | awk -F ': ' '{print $2}' | sed 's/\r$//' | head -n 1)
if [[ "$mime_type" != image/* ]]; then
  mime_type="image/jpeg"
fi
if [[ "$(base64 --version 2>&1)" = *GNU* ]]; then
  data=$(curl -sL "$photo" | base64 -w0)
else
  data=$(curl -sL "$photo" | base64)
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
            "mime_type": "'"$mime_type"'",
            "data": "'"$data"'"
          }
        },
        {"text": "Write a caption for this photo."}
      ]
    }]
  }' 2> /dev/null
