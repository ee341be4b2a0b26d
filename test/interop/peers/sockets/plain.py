"""Plain Python sockets, without a gRPC library.

`dial ADDRESS`, `listen ADDRESS`: the handshake of HTTP/2. `echo-server ADDRESS`, `echo-client ADDRESS TEXT`: bytes.
`names PID`: the Unix sockets of a process, as psutil knows them.
ADDRESS is what the socket module takes, b"/path" or b"\\0name", in hexadecimal.
"""

import json
import signal
import socket
import sys

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# Frames without payload (RFC 9113 sections 4.1 and 6.5).
SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
ACKNOWLEDGEMENT = bytes([0, 0, 0, 4, 1, 0, 0, 0, 0])


def unix_socket():
    plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    plain.settimeout(10)
    return plain


def as_bytes(address):
    """A path comes as text, an abstract name as bytes."""
    return address.encode() if isinstance(address, str) else address


def exactly(connection, length):
    received = b""
    while len(received) < length:
        chunk = connection.recv(length - len(received))
        if not chunk:
            raise EOFError(f"the peer ended after {len(received)} of {length} bytes")
        received += chunk
    return received


def handshake(connection):
    """Acknowledges the peer's SETTINGS and gives the types of the frames up to its own acknowledgement."""
    frames = []
    while True:
        header = exactly(connection, 9)
        exactly(connection, int.from_bytes(header[:3], "big"))
        if header == ACKNOWLEDGEMENT:
            return frames + ["SETTINGS acknowledgement"]
        if header[3] == 4:
            frames.append("SETTINGS")
            connection.sendall(ACKNOWLEDGEMENT)
        else:
            frames.append(f"type {header[3]}")


def dial(address):
    with unix_socket() as connection:
        connection.connect(address)
        connection.sendall(PREFACE + SETTINGS)
        frames = handshake(connection)
        print(json.dumps({"remote": as_bytes(connection.getpeername()).hex(), "frames": frames}))


def listen(address):
    with unix_socket() as listener:
        listener.bind(address)
        listener.listen()
        print("listening", flush=True)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            preface = exactly(connection, len(PREFACE))
            connection.sendall(SETTINGS)
            frames = handshake(connection)
            local = as_bytes(listener.getsockname()).hex()
            print(json.dumps({"local": local, "preface": preface.decode(), "frames": frames}))


def serve_echo(address):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen()
        print("listening", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(512):
                    connection.sendall(data)


def call_echo(address, text):
    with unix_socket() as connection:
        connection.connect(address)
        connection.sendall(text.encode())
        print(exactly(connection, len(text.encode())).decode())


def names(pid):
    import psutil  # pylint: disable=import-outside-toplevel; nothing else here needs the package

    connections = psutil.Process(int(pid)).net_connections(kind="unix")
    print(json.dumps([{"fd": one.fd, "name": one.laddr} for one in connections]))


def main():
    command, argument, *rest = sys.argv[1:]
    if command == "names":
        names(argument)
        return
    address = bytes.fromhex(argument)
    {"dial": dial, "listen": listen, "echo-server": serve_echo, "echo-client": call_echo}[command](address, *rest)


if __name__ == "__main__":
    main()
