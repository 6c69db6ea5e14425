"""What was wrong or unwise about the requests of a client, by the rules of ``spec/rules``.

=============  ==========================================================================
``watching``   what shows only in several requests: repeats, retries, uploads that go on blindly
``judging``    all findings of one server, worked out when somebody asks for them
=============  ==========================================================================
"""
