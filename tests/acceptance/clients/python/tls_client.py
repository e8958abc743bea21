"""Makes one call over TLS as an app written in Python would: grpcio, without stubs.

Usage: tls_client.py ADDRESS CA [CERT KEY]. Exits 0 when the call is answered, 1 when it fails.
"""

import sys

import grpc

CALL_TIMEOUT_S = 5


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def main(address: str, ca: str, cert: str | None = None, key: str | None = None) -> None:
    credentials = grpc.ssl_channel_credentials(
        root_certificates=read(ca),
        private_key=read(key) if key else None,
        certificate_chain=read(cert) if cert else None,
    )
    with grpc.secure_channel(address, credentials) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        try:
            check(b"", timeout=CALL_TIMEOUT_S)
        except grpc.RpcError as error:
            sys.exit(f"{error.code()}: {error.details()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
