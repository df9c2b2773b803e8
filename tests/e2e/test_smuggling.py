"""HTTP/1.1 that two readers could read differently is refused: 400, and nothing behind it is read.

Every case is sent with a second request behind it, whole and byte by byte. What is permitted is
answered, and so is the request behind it.
"""
import socket
import ssl

import pytest

import http_client as http
from http_stub import Stub

BEHIND = b"GET /behind HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
IN = "Content-Type: application/x-in+json"


def head(line, *lines):
    return "\r\n".join([line, *lines, "", ""]).encode("latin-1")


def get(*lines, line="GET /1k HTTP/1.1"):
    return head(line, *lines)


def post(body, *lines, host="Host: a", version="1.1"):
    return head(f"POST /echo HTTP/{version}", host, IN, *lines) + body


def chunked(body):
    return post(body, "Transfer-Encoding: chunked")


CHUNKED = "Transfer-Encoding: chunked"
END = b"0\r\n\r\n"

REFUSED = {
    # how long the body is
    "length and coding": post(END, "Content-Length: 5", CHUNKED),
    "coding and length": post(END, CHUNKED, "Content-Length: 5"),
    "two lengths": post(b"abcde", "Content-Length: 5", "Content-Length: 3"),
    "two equal lengths": post(b"abcde", "Content-Length: 5", "Content-Length: 5"),
    "list of lengths": post(b"abcde", "Content-Length: 5, 5"),
    "length with a sign": post(b"abcde", "Content-Length: +5"),
    "negative length": post(b"abcde", "Content-Length: -5"),
    "hexadecimal length": post(b"abcde", "Content-Length: 0x5"),
    "length with a space inside": post(b"abcde", "Content-Length: 0 5"),
    "fractional length": post(b"abcde", "Content-Length: 5.0"),
    "empty length": post(b"", "Content-Length:"),
    "length too long": post(b"", "Content-Length: " + "9" * 40),
    "length that wraps around": post(b"abcde", "Content-Length: 18446744073709551621"),
    "two codings": post(END, CHUNKED, CHUNKED),
    "coding chunked twice": post(END, "Transfer-Encoding: chunked, chunked"),
    "coding gzip, chunked": post(END, "Transfer-Encoding: gzip, chunked"),
    "coding chunked, identity": post(END, "Transfer-Encoding: chunked, identity"),
    "coding identity": post(b"abcde", "Transfer-Encoding: identity"),
    "coding with a parameter": post(END, "Transfer-Encoding: chunked;x=y"),
    "coding in quotes": post(END, 'Transfer-Encoding: "chunked"'),
    "coding misspelt": post(END, "Transfer-Encoding: xchunked"),
    "empty coding": post(END, "Transfer-Encoding:"),
    "coding with a vertical tab": post(END, "Transfer-Encoding: \x0bchunked"),
    "coding in HTTP/1.0": post(END, CHUNKED, version="1.0"),
    "coding and space before the colon": post(END, "Transfer-Encoding : chunked"),
    "coding and a tab before the colon": post(END, "Transfer-Encoding\t: chunked"),
    # lines
    "folded line": get("Host: a", "X: y\r\n z"),
    "folded coding": post(END, "Transfer-Encoding:\r\n chunked"),
    "first line folded": head("GET /1k HTTP/1.1", " Host: a"),
    "space before the name": get("Host: a", " X: y"),
    "space before the colon": get("Host: a", "X : y"),
    "no colon": get("Host: a", "X"),
    "no name": get("Host: a", ": y"),
    "name that is no token": get("Host: a", "X(Y: z"),
    "null in a value": get("Host: a", "X: a\0b"),
    "null in a name": get("Host: a", "X\0: b"),
    "carriage return in a value": get("Host: a", "X: a\rb"),
    "delete in a value": get("Host: a", "X: a\x7fb"),
    "all lines end with LF": b"GET /1k HTTP/1.1\nHost: a\n\n",
    "request line ends with LF": b"GET /1k HTTP/1.1\nHost: a\r\n\r\n",
    "a field ends with LF": b"GET /1k HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
    "the head ends with LF": b"GET /1k HTTP/1.1\r\nHost: a\r\n\n",
    "begins with LF": b"\nGET /1k HTTP/1.1\r\nHost: a\r\n\r\n",
    # the request line
    "HTTP/1.2": get("Host: a", line="GET /1k HTTP/1.2"),
    "HTTP/1.10": get("Host: a", line="GET /1k HTTP/1.10"),
    "HTTP/2.0": get("Host: a", line="GET /1k HTTP/2.0"),
    "HTTP/0.9": get("Host: a", line="GET /1k HTTP/0.9"),
    "http/1.1": get("Host: a", line="GET /1k http/1.1"),
    "no version": b"GET /1k\r\nHost: a\r\n\r\n",
    "no slash": get("Host: a", line="GET 1k HTTP/1.1"),
    "authority form": get("Host: a", line="GET a:80 HTTP/1.1"),
    "other scheme": get("Host: a", line="GET ftp://a/1k HTTP/1.1"),
    "no target": get("Host: a", line="GET  HTTP/1.1"),
    "two spaces": get("Host: a", line="GET  /1k HTTP/1.1"),
    "tab instead of space": get("Host: a", line="GET\t/1k HTTP/1.1"),
    "space in the target": get("Host: a", line="GET /1k x HTTP/1.1"),
    "space at the end": get("Host: a", line="GET /1k HTTP/1.1 "),
    "method that is no token": get("Host: a", line="G(T /1k HTTP/1.1"),
    "control in the target": get("Host: a", line="GET /1\x01k HTTP/1.1"),
    # whose it is
    "no host": get(),
    "two hosts": get("Host: a", "Host: b"),
    "two equal hosts": get("Host: a", "Host: a"),
    "two hosts in HTTP/1.0": get("Host: a", "Host: b", line="GET /1k HTTP/1.0"),
    "host with a space": get("Host: a b"),
    "host with a path": get("Host: a/b"),
    "host with a user": get("Host: u@a"),
    "host with a backslash": get("Host: a\\b"),
    "host in quotes": get('Host: "a"'),
    "host and a space before the colon": get("Host : a"),
    # chunks
    "size 0x5": chunked(b"0x5\r\nabcde\r\n" + END),
    "size with a sign": chunked(b"+5\r\nabcde\r\n" + END),
    "negative size": chunked(b"-5\r\nabcde\r\n" + END),
    "no size": chunked(b"\r\nabcde\r\n" + END),
    "size that is no number": chunked(b"G\r\nabcde\r\n" + END),
    "space before the size": chunked(b" 5\r\nabcde\r\n" + END),
    "space behind the size": chunked(b"5 \r\nabcde\r\n" + END),
    "size too long": chunked(b"0" * 15 + b"5\r\nabcde\r\n" + END),
    "size that wraps around": chunked(b"10000000000000005\r\nabcde\r\n" + END),
    "size ends with LF": chunked(b"5\nabcde\r\n" + END),
    "size ends with CR": chunked(b"5\rabcde\r\n" + END),
    "data ends with LF": chunked(b"5\r\nabcde\n" + END),
    "data ends with CR CR LF": chunked(b"5\r\nabcde\r\r\n" + END),
    "data longer than its size": chunked(b"5\r\nabcdef\r\n" + END),
    "data shorter than its size": chunked(b"6\r\nabcde\r\n" + END),
    "extension without a semicolon": chunked(b"5 x=y\r\nabcde\r\n" + END),
    "extension without a name": chunked(b"5;\r\nabcde\r\n" + END),
    "extension without a value": chunked(b"5;x=\r\nabcde\r\n" + END),
    "extension that is no token": chunked(b"5;x=(\r\nabcde\r\n" + END),
    "extension with an LF": chunked(b"5;x=\"a\nb\"\r\nabcde\r\n" + END),
    "extension with a CR": chunked(b"5;x=a\rb\r\nabcde\r\n" + END),
    "extension with a null": chunked(b"5;x=\"a\0b\"\r\nabcde\r\n" + END),
    "extension without end": chunked(b"5;x=" + b"y" * 200 + b"\r\nabcde\r\n" + END),
    "last size 00x": chunked(b"5\r\nabcde\r\n00x\r\n\r\n"),
    "last chunk ends with LF": chunked(b"5\r\nabcde\r\n0\n\n"),
    "end with LF": chunked(b"5\r\nabcde\r\n0\r\n\n"),
    "trailer ends with LF": chunked(b"0\r\nX: y\n\r\n"),
    "trailer without a colon": chunked(b"0\r\nX\r\n\r\n"),
    "trailer with a space before the colon": chunked(b"0\r\nX : y\r\n\r\n"),
    "folded trailer": chunked(b"0\r\nX: y\r\n z\r\n\r\n"),
    "trailers without end": chunked(b"0\r\n" + b"X: y\r\n" * 2000 + b"\r\n"),
}

PERMITTED = {
    "plain": get("Host: a"),
    "port": get("Host: a:80"),
    "IPv6": get("Host: [::1]:80"),
    "empty host": get("Host:"),
    "HTTP/1.0": get("Connection: keep-alive", line="GET /1k HTTP/1.0"),
    "HTTP/1.0 with a host": get("Host: a", "Connection: keep-alive", line="GET /1k HTTP/1.0"),
    "absolute form": get("Host: a", line="GET http://a/1k HTTP/1.1"),
    "absolute form, https": get("Host: a", line="GET HTTPS://a/1k HTTP/1.1"),
    "empty line before": b"\r\n" + get("Host: a"),
    "no space behind the colon": get("Host:a"),
    "tab behind the colon": get("Host:\ta"),
    "names in capitals": get("HOST: a"),
    "latin-1 in a value": get("Host: a", "X: \xe4"),
    "query": get("Host: a", line="GET /1k?a=//b HTTP/1.1"),
    "length": post(b"abcde", "Content-Length: 5"),
    "length 0": post(b"", "Content-Length: 0"),
    "length with zeros": post(b"abcde", "Content-Length: 005"),
    "length of a GET": get("Host: a", "Content-Length: 5") + b"abcde",
    "chunks": chunked(b"5\r\nabcde\r\n" + END),
    "coding in capitals": post(b"5\r\nabcde\r\n" + END, "TRANSFER-ENCODING: Chunked"),
    "many chunks": chunked(b"1\r\na\r\n" * 50 + END),
    "sizes in capitals": chunked(b"A\r\n0123456789\r\n" + END),
    "sizes with zeros": chunked(b"0005\r\nabcde\r\n000\r\n\r\n"),
    "extensions": chunked(b"5;x;y=z;q=\"a \\\" ;\"\r\nabcde\r\n0;last\r\n\r\n"),
    "extensions with white space": chunked(b"5 ; x = y ;z\r\nabcde\r\n" + END),
    "trailers": chunked(b"5\r\nabcde\r\n0\r\nX: y\r\nZ:\r\n\r\n"),
}


def cases(table):
    return pytest.mark.parametrize("data", table.values(), ids=table.keys())


@pytest.fixture(scope="module")
def port():
    stub = Stub("--threads", 1)
    yield stub.port
    stub.stop()


def exchange(port, data, bytewise):
    with http.raw_connect(port) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if bytewise:
                for i in range(len(data)):
                    sock.sendall(data[i:i + 1])
            else:
                sock.sendall(data)
        except OSError:
            pass  # refused in the middle of it
        return http.read_to_end(sock)


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
@cases(REFUSED)
def test_refused(port, data, bytewise):
    # Where the end of the connection meets what is still to be read, the answer may be lost.
    answer = exchange(port, data + BEHIND, bytewise)
    assert answer[:13] in ((b"HTTP/1.1 400 ",) if not bytewise else (b"HTTP/1.1 400 ", b"")), answer
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert b"404" not in answer


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
@cases(PERMITTED)
def test_permitted(port, data, bytewise):
    answers = http.split_responses(exchange(port, data + BEHIND, bytewise))
    assert [a[0] for a in answers] in ([200, 404], [405, 404]), answers


def test_refused_behind_another(port):
    """The request that comes along with the one before is parsed elsewhere."""
    good = get("Host: a") + chunked(b"5\r\nabcde\r\n" + END)
    for name in ["length and coding", "two hosts", "no host", "HTTP/1.2", "a field ends with LF",
                 "size 0x5", "data ends with LF"]:
        answers = http.split_responses(exchange(port, good + REFUSED[name] + BEHIND, False))
        assert [a[0] for a in answers] == [200, 200, 400], name


def test_refused_over_tls(start_stub, certificates):
    stub = start_stub("--tls", certificates / "server.pem", certificates / "server.key")
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    for name in ["length and coding", "no host", "size 0x5"]:
        assert http.raw_exchange(stub.port, REFUSED[name], context)[:13] == b"HTTP/1.1 400 "
