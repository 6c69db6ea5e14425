"""Checks of an implementation of the rules in any language, over stdin and stdout, against ``spec/vectors``.

The protocol is one JSON object per line. In: ``{"id": 1, "function": "image_tokens", "input": {...}}``. Out,
in the same order: ``{"id": 1, "output": ...}``, or ``{"id": 1, "error": {"type": "InvalidSize", "message":
"..."}}`` where the input is refused. A function that the adapter does not have is answered with the error
type ``NotImplemented``; its cases are skipped. An object may have more keys than the vector expects. The
adapter ends when its stdin does.
"""
