#!/usr/bin/env bash
# Compare two photos on the web.
set -euo pipefail
api=https://generativelanguage.googleapis.com

curl -sS -X POST "$api/v1beta/interactions" \
  -H "x-goog-api-key: $GEMINI_API_KEY" \
  -H 'Content-Type: application/json' \
  -d '{
    "model": "gemini-3-flash-preview",
    "input": [
      {"type": "text", "text": "What is different between these two images?"},
      {
        "type": "image",
        "uri": "https://example.com/monday.jpg",
        "mime_type": "image/jpeg"
      },
      {
        "type": "image",
        "uri": "https://example.com/tuesday.jpg",
        "mime_type": "image/jpeg"
      }
    ]
  }'
