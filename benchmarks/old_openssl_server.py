"""An OpenSSL of 2015 that takes all it ever took: SSLv2, export, NULL, anonymous suites; run by the Python of sslyze's own environment.

No package of today has such a server, but sslyze brings one along: nassl's extension holds OpenSSL 1.0.2e whole, with SSLv2 and export
suites built in. It exports none of it, yet its table of symbols is there, and says where each function is.

    python old_openssl_server.py PORT KEY CHAIN
"""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import ctypes
import os
import signal
import socket
import struct
import sys
from ctypes import CFUNCTYPE, c_char_p, c_int, c_long, c_void_p
from pathlib import Path

from nassl import _nassl_legacy

_PEM, _EXPORTED = 1, b"PyInit__nassl_legacy"
_SET_TMP_ECDH, _P256, _F4 = 4, 415, 65_537
_CIPHERS = b"ALL:COMPLEMENTOFALL:SSLv2:EXP"


class Library:
    """Calls functions by their name, wherever the extension has them."""

    def __init__(self, path: str) -> None:
        self._offsets = symbols(path)
        exported = ctypes.cast(getattr(ctypes.CDLL(path), _EXPORTED.decode()), c_void_p).value or 0
        self._base = exported - self._offsets[_EXPORTED]

    def call(self, name: str, *arguments: object, returns: "type[c_int | c_void_p | c_long]" = c_int) -> int:
        return CFUNCTYPE(returns)(self._base + self._offsets[name.encode()])(*arguments)

    def new(self, name: str, *arguments: object) -> c_void_p:
        """What a function that makes something points to."""
        made = c_void_p(self.call(name, *arguments, returns=c_void_p))
        if not made:
            sys.exit(f"{name} gives nothing")
        return made


def symbols(path: str) -> dict[bytes, int]:
    """The symbols of a 64-bit ELF file with their offsets."""
    held = Path(path).read_bytes()
    (start,), (size, count) = struct.unpack_from("<Q", held, 0x28), struct.unpack_from("<HH", held, 0x3A)
    sections = [struct.unpack_from("<IIQQQQII", held, start + number * size) for number in range(count)]
    _, _, _, _, at, length, link, _ = next(section for section in sections if section[1] == 2)  # the whole table, not that for the linker
    names = sections[link][4]
    found: dict[bytes, int] = {}
    for entry in range(at, at + length, 24):
        name, _, _, section, value = struct.unpack_from("<IBBHQ", held, entry)
        if section:
            found[held[names + name : held.index(0, names + name)]] = value
    return found


def context(library: Library, key: str, chain: str) -> tuple[c_void_p, object]:
    """A context with all suites and keys for them, and what has to stay alive with it."""
    library.call("SSL_library_init")
    made = library.new("SSL_CTX_new", library.new("SSLv23_server_method"))
    for done in (
        library.call("SSL_CTX_set_cipher_list", made, c_char_p(_CIPHERS)),
        library.call("SSL_CTX_use_certificate_chain_file", made, c_char_p(chain.encode())),
        library.call("SSL_CTX_use_PrivateKey_file", made, c_char_p(key.encode()), _PEM),
        library.call("SSL_CTX_ctrl", made, _SET_TMP_ECDH, c_long(0), library.new("EC_KEY_new_by_curve_name", _P256), returns=c_long),
    ):
        if done != 1:
            sys.exit("the context cannot be made")
    exponent, rsa, small = library.new("BN_new"), library.new("RSA_new"), library.new("DH_new")
    library.call("BN_set_word", exponent, c_long(_F4))
    library.call("RSA_generate_key_ex", rsa, 512, exponent, None)
    library.call("DH_generate_parameters_ex", small, 512, 2, None)
    large = library.new("DH_get_1024_160")
    choice = CFUNCTYPE(c_void_p, c_void_p, c_int, c_int)

    @choice
    def give_rsa(_ssl: int, _export: int, _bits: int) -> int | None:
        return rsa.value

    @choice
    def give_dh(_ssl: int, export: int, _bits: int) -> int | None:
        return (small if export else large).value

    library.call("SSL_CTX_set_tmp_rsa_callback", made, give_rsa, returns=c_void_p)
    library.call("SSL_CTX_set_tmp_dh_callback", made, give_dh, returns=c_void_p)
    return made, (give_rsa, give_dh)


def main() -> None:
    library = Library(_nassl_legacy.__file__)
    made, _alive = context(library, sys.argv[2], sys.argv[3])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=100)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:  # this OpenSSL knows no threads
            signal.alarm(30)
            ssl = library.new("SSL_new", made)
            library.call("SSL_set_fd", ssl, connection.fileno())
            if library.call("SSL_accept", ssl) == 1:
                library.call("SSL_read", ssl, ctypes.create_string_buffer(1024), 1024)
                library.call("SSL_shutdown", ssl)
            os._exit(0)
        connection.close()


if __name__ == "__main__":
    main()
