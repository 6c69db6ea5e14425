#!/usr/bin/env bash
# Boxes in the form of a schema.
set -euo pipefail
api=https://generativelanguage.googleapis.com

curl -sS -X POST "$api/v1beta/interactions" \
  -H "x-goog-api-key: $GEMINI_API_KEY" \
  -H 'Content-Type: application/json' \
  -H "Api-Revision: 2026-05-20" \
  -d '{
    "model": "gemini-3-flash-preview",
    "input": [
      {"type": "text", "text": "Find everything on the table. Each box_2d is [ymin, xmin, ymax, xmax], normalized to 0-1000."},
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
    }
  }'
