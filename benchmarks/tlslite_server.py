"""A TLS server that takes what nobody should: SSLv3, RC4, 3DES, NULL, MD5. Run by the Python of tlslite-ng's own environment.

python tlslite_server.py PORT KEY.pem CHAIN.pem
"""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownParameterType=false

import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
from tlslite.handshakesettings import ALL_CIPHER_NAMES, ALL_CURVE_NAMES, ALL_MAC_NAMES, ALL_RSA_SIGNATURE_HASHES


def everything() -> HandshakeSettings:
    settings = HandshakeSettings()
    settings.minVersion, settings.maxVersion = (3, 0), (3, 4)
    settings.versions = [(3, 4), (3, 3), (3, 2), (3, 1), (3, 0)]
    settings.cipherNames, settings.macNames = list(ALL_CIPHER_NAMES), list(ALL_MAC_NAMES)
    settings.eccCurves, settings.rsaSigHashes = list(ALL_CURVE_NAMES), list(ALL_RSA_SIGNATURE_HASHES)
    return settings


def answer(connection: socket.socket) -> None:
    connection.settimeout(10)
    with suppress(Exception), connection:
        tls = TLSConnection(connection)
        tls.handshakeServer(certChain=chain, privateKey=key, settings=everything())
        tls.read(1)
        tls.close()


port, key_file, chain_file = sys.argv[1:]
key = parsePEMKey(Path(key_file).read_text(), private=True)
chain = X509CertChain()
chain.parsePemList(Path(chain_file).read_text())
with socket.create_server(("127.0.0.1", int(port)), backlog=64) as listener:
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
