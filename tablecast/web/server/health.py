"""Whether the server on this machine answers: a container asks by ``python -m``, without curl."""

import os
import sys
from http.client import HTTPConnection, HTTPException

#: Seconds, after which a server counts as one that hangs.
PATIENCE = 4


def main() -> int:
    """Ask for ``/healthz`` as the first host name that the server accepts.

    Returns:
        0 where it answers, 1 where it does not.
    """
    names = os.environ.get("TRUSTED_HOSTS", "").replace(",", " ").split() or ["localhost"]
    asked = HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 5000), timeout=PATIENCE)
    try:
        asked.request("GET", "/healthz", headers={"Host": names[0].lstrip(".")})
        return int(asked.getresponse().status != 200)
    except (OSError, HTTPException):
        return 1
    finally:
        asked.close()


if __name__ == "__main__":
    sys.exit(main())
