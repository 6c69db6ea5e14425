"""``https://`` names that lead to the mock server: for programs with the real host written into them.

How a program gets here unchanged
=================================

Two sockets on loopback. The first takes TLS for every host that is *ours*: the service's own, behind which the
mock answers as it does elsewhere, and those of the mapped URLs, behind which the mapped files are. Its
certificates are by an authority that is made at the start and forgotten at the end; nothing but what is run
with our environment trusts it. The second is a proxy, for ``HTTPS_PROXY``, which most programs heed: it leads a
connection to one of our hosts to the first socket, and any other one on to where it wants to go, unread and
under that host's own certificate. So what is ours never leaves the machine, and nobody else is ever played.

curl and wget also read files, which may name other proxies and authorities: they get copies with lines of ours
added. A node that does not heed proxies gets a module of ten lines to load.
"""

from visionspec_mockserver.https.front import Front

__all__ = ["Front"]
