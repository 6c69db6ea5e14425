"""The client: the whole API over HTTP, synchronous and asynchronous, with one set of flows behind both.

::

    with Client() as client:
        photo = client.upload("photo.jpg")
        reply = client.interact("gemini-3-flash-preview", ["Detect the items.", photo])
        print(reply.output_text)
"""

from visionspec.client.aio import AsyncClient
from visionspec.client.parts import ImagePart, image_part
from visionspec.client.sync import Client
from visionspec.client.uploads import UploadInterrupted, UploadToken

__all__ = ["AsyncClient", "Client", "ImagePart", "UploadInterrupted", "UploadToken", "image_part"]
