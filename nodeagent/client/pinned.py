"""TLS by pin: the key is compared inside the handshake, before a byte of a request exists."""

import ssl

from nodeagent.contract.pins import pin_of_certificate


class WrongPin(ssl.SSLCertVerificationError):
    """Another key than the pinned one answered."""


def pinned_context(pin: str | None) -> ssl.SSLContext:
    """A client context that lets a handshake succeed only with this pin; with None only with the first key it met."""
    trusted = pin

    class Pinned(ssl.SSLObject):
        def do_handshake(self) -> None:
            nonlocal trusted
            super().do_handshake()
            met = pin_of_certificate(self.getpeercert(binary_form=True) or b"")
            trusted = trusted or met
            if met != trusted:
                raise WrongPin(f"the key {met[:16]}… answered instead of {trusted[:16]}…")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.sslobject_class = Pinned
    return context
