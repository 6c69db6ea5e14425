"""An offline server of the Gemini endpoints that understand images: real sockets, no model, no network."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
