"""The documented rules of Gemini image understanding, as pure functions, models and a client.

The public names stand in ``__init__.pyi``. Each is imported when it is first used, so ``import visionspec``
costs next to nothing.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
