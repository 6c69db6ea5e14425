#!/usr/bin/env bash
# Outlines in the form of a schema, with as little thought as can be.
set -euo pipefail
api=https://generativelanguage.googleapis.com

curl -sS -X POST "$api/v1beta/interactions" \
  -H "x-goog-api-key: $GEMINI_API_KEY" \
  -H 'Content-Type: application/json' \
  -H "Api-Revision: 2026-05-20" \
  -d '{
    "model": "gemini-3-flash-preview",
    "input": [
      {"type": "text", "text": "Segment everything on the table.\nAnswer with a JSON list that holds the box of each thing in \"box_2d\", its\noutline in \"mask\" and what it is in \"label\"."},
      {
        "type": "image",
        "uri": "https://example.com/table.png",
        "mime_type": "image/png"
      }
    ],
    "response_format": {
      "type": "text",
      "mime_type": "application/json",
      "schema": {
        "type": "object",
        "properties": {
          "boxes": {
            "type": "array",
            "items": {
              "type": "object",
              "properties": {
                "box_2d": {"type": "array", "items": {"type": "integer"}},
                "mask": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
                "label": {"type": "string"}
              },
              "required": ["box_2d", "mask", "label"]
            }
          }
        },
        "required": ["boxes"]
      }
    },
    "generation_config": {
      "thinking_level": "minimal"
    }
  }'
