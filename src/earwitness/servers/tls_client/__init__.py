"""A TLS client for looking at how servers treat sessions: it comes with a certificate, a session, both or neither.

``library`` holds the calls that have no public name, ``identity`` certificates with their keys,
``session`` what can be presented later, ``opening`` what is said to which kind of server, ``answer``
what it said, ``client`` a single visit over TCP, ``quic`` one over QUIC.
"""
