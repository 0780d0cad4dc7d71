"""A server, and a client, of the OpenSSL that the `cryptography` package brings (newer than Debian's, with post-quantum groups).

python -m benchmarks.openssl_server serve PORT FOLDER       the key and chain files rsa.key, rsa.pem, ecdsa.key, ecdsa.pem of FOLDER
python -m benchmarks.openssl_server ask PORT HOST VERSION   prints the group that the exchange used

The groups come from the file that the variable OPENSSL_CONF names.
"""

import socket
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path

from OpenSSL import SSL

_VERSIONS = {"TLSv1.2": SSL.TLS1_2_VERSION, "TLSv1.3": SSL.TLS1_3_VERSION}


def conf(groups: str, ciphers: str = "ALL") -> str:
    """OpenSSL's configuration file for these groups (`X25519MLKEM768:X25519`); `ciphers` count below TLS 1.3."""
    return f"openssl_conf = c\n[c]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\nGroups = {groups}\nCipherString = {ciphers}:@SECLEVEL=0\n"


def serve(port: int, folder: Path) -> None:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    for kind in ("rsa", "ecdsa"):
        context.use_certificate_chain_file(str(folder / f"{kind}.pem"))
        context.use_privatekey_file(str(folder / f"{kind}.key"))
    with socket.create_server(("127.0.0.1", port), backlog=64) as listener:
        while True:
            threading.Thread(target=_answer, args=(context, listener.accept()[0]), daemon=True).start()


def _answer(context: SSL.Context, connection: socket.socket) -> None:
    # Time-outs of Python's sockets make them non-blocking, which pyOpenSSL would pass on.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 10, 0))
    with suppress(SSL.Error, OSError), connection:
        tls = SSL.Connection(context, connection)
        tls.set_accept_state()
        tls.do_handshake()
        tls.recv(1)
        tls.shutdown()


def ask(port: int, host: str, version: str) -> None:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(_VERSIONS[version])
    context.set_max_proto_version(_VERSIONS[version])
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.settimeout(None)
        tls = SSL.Connection(context, connection)
        tls.set_tlsext_host_name(host.encode())
        tls.set_connect_state()
        try:
            tls.do_handshake()
        except SSL.Error:
            print("refused")
        else:
            print(tls.get_group_name())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", port, folder]:
            serve(int(port), Path(folder))
        case ["ask", port, host, version]:
            ask(int(port), host, version)
        case _:
            sys.exit(__doc__)
