"""Faults: failures on purpose, planned by a user, with an account of which fired.

A fault is addressed to an operation and, by the header ``x-visionspec-test``, to one test. What it does happens to
the connection (`middleware`) or to the answer (`hostile`); what it does is data, as scripts are.

===============  ==================================================================
``models``       what a plan may say
``plan``         the faults of one server: their order, their counts, their account
``operations``   which operation a request is
``happening``    errors, delays, resets, stalls, lost replies, broken uploads
``quotas``       so many requests in a minute and a day, by the server's clock
``hostile``      answers as models give them on a bad day
===============  ==================================================================
"""
