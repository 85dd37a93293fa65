"""A TCP link between a client and a server that tests may cut, freeze and mend."""

import contextlib
import socket
import threading
from typing import Self


class Link:
    """Forward connections to a port of 127.0.0.1.  `port` is where it listens itself."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._frozen: set[socket.socket] = set()
        self._down = False
        self._left: int | None = None
        self._lock = threading.Lock()
        self.connections = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()
        self.cut()

    def cut_after(self, size_bytes: int) -> None:
        """Cut the connection once the server has sent so many bytes more."""
        with self._lock:
            self._left = size_bytes

    def freeze(self) -> None:
        """Let the network forget the connections: nothing goes either way, nobody is told.  New ones are refused."""
        with self._lock:
            self._down = True
            self._frozen |= {end for pair in self._pairs for end in pair}

    def mend(self) -> None:
        """Let new connections through; the forgotten ones stay forgotten."""
        with self._lock:
            self._down = False

    def cut(self) -> None:
        """End all connections at once."""
        with self._lock:
            ends = [end for pair in self._pairs for end in pair]
            self._pairs.clear()
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._down:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._target), timeout=30)
                server.settimeout(None)
                with self._lock:
                    self._pairs.append((client, server))
                    self.connections += 1
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=(source, sink, source is server), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, from_server: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                if source in self._frozen:
                    continue
                if from_server:
                    data, last = self._allowed(data)
                    sink.sendall(data)
                    if last:
                        self.cut()
                        return
                else:
                    sink.sendall(data)
        if source not in self._frozen:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)

    def _allowed(self, data: bytes) -> tuple[bytes, bool]:
        with self._lock:
            if self._left is None:
                return data, False
            allowed, self._left = data[: self._left], self._left - len(data)
            last = self._left <= 0
            if last:
                self._left = None
            return allowed, last
