"""What was wrong or unwise about the requests of a client, by the rules of ``spec/rules``.

=============  ==========================================================================
``seen``       one request as the server saw it, from its first byte to the end of the answer
``watching``   what shows only in several requests: repeats, retries, uploads that go on blindly
``judging``    all findings of one server, worked out when somebody asks for them
=============  ==========================================================================
"""
