"""The pool of connections to upstreams: none is used again on which something came that nobody had asked for."""

from aiohttp import TCPConnector, connector
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.tracing import Trace


class Pool(TCPConnector):
    """Closes connections on which bytes came while they were idle.

    They would be read as the beginning of the next answer: one client would get what is another's.
    """

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> connector.Connection | None:
        for protocol, _ in self._conns.get(key, ()):
            if protocol.should_close:
                protocol.close()
        return await super()._get(key, traces)
