"""RSA keys made once per process: making one takes a tenth of a second, and most tests need one.

Within a test all are different, as they would be; the next test gets the same ones again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

make_anew = rsa.generate_private_key
"""For keys that outlive a test: out of the pool, the next test would get the same one for something else."""
_made: list[rsa.RSAPrivateKey] = []


@contextmanager
def handed_out() -> Iterator[None]:
    """Meanwhile, keys of 2048 bits come out of the pool, in order."""
    given = 0

    def generate(public_exponent: int, key_size: int, *args: Any) -> rsa.RSAPrivateKey:
        nonlocal given
        if (public_exponent, key_size) != (65537, 2048):
            return make_anew(public_exponent, key_size, *args)
        if given == len(_made):
            _made.append(make_anew(public_exponent, key_size, *args))
        given += 1
        return _made[given - 1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", generate)
        yield
