"""Answers questions about socket options of the machine's kernel, one a line.

    open FAMILY TYPE STATE        a new socket: fresh, listening, connected, ended, reset
    set LEVEL NAME OCTETS         setsockopt with these octets, in hexadecimal
    get LEVEL NAME LENGTH         getsockopt with so much room

Each is answered by a line: the octets, or the name of the error, or ok.
"""

import errno
import socket
import struct
import sys
import time


def address(family):
    return ("127.0.0.1" if family == socket.AF_INET else "::1", 0)


def pair(family):
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind(address(family))
        listener.listen(1)
        mine = socket.socket(family, socket.SOCK_STREAM)
        mine.connect(listener.getsockname())
        peer, _ = listener.accept()
    return mine, peer


def opened(family, kind, state):
    """The socket, and its peer where it has one."""
    if state in ("fresh", "listening"):
        mine = socket.socket(family, kind)
        if state == "listening":
            mine.bind(address(family))
            mine.listen(5)
        return mine, None
    mine, peer = pair(family)
    if state == "ended":
        mine.shutdown(socket.SHUT_RDWR)
        peer.close()
        time.sleep(0.01)
    if state == "reset":
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        time.sleep(0.01)
    return mine, peer


def name(error):
    # Linux has one number for both names.
    return {"ENOTSUP": "EOPNOTSUPP"}.get(*[errno.errorcode[error.errno]] * 2)


def main():
    mine, peer = None, None
    for line in sys.stdin:
        words = line.split()
        try:
            if words[0] == "open":
                for old in (mine, peer):
                    if old is not None:
                        old.close()
                family, kind = int(words[1]), int(words[2])
                mine, peer = opened(family, kind, words[3])
                answer = "ok"
            elif words[0] == "set":
                octets = bytes.fromhex(words[3]) if len(words) > 3 else b""
                mine.setsockopt(int(words[1]), int(words[2]), octets)
                answer = "ok"
            else:
                answer = mine.getsockopt(int(words[1]), int(words[2]), int(words[3])).hex()
        except OSError as error:
            answer = name(error)
        print(answer)


main()
