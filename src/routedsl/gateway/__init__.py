"""The gateway: HTTP in and out, calls of upstreams, hot reload; the only part that opens sockets."""
