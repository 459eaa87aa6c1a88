"""Start Ray on this machine alone, and in it the service: `ray start` and `serve run deploy/service.yaml` in one.

    EXPLAINER_SERVICE_TOKEN=... python deploy/service.py [ANOTHER.yaml]        until Ctrl-C

Ray reads its settings as it is imported. They keep every port on loopback and every photo in memory, and tell Ray's
makers nothing.
"""

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
TOKEN = os.environ.get("EXPLAINER_SERVICE_TOKEN", "").strip()

FIRST, LAST = 8610, 8617
"""Ports, one for each replica, as in `deploy/haproxy.cfg`."""

PORTS = "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT", "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT"

SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # one machine: Ray then listens on 127.0.0.1 alone
    # A replica answers by itself. Through Ray's own proxy a photo takes 15 ms more.
    "RAY_SERVE_ENABLE_DIRECT_INGRESS": "1",
    PORTS[0]: str(FIRST),
    PORTS[1]: str(LAST),
    # Nothing of the service computes in the loop of a replica: a thread of its own would pass on each piece of a photo.
    "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
    # What goes through that proxy nevertheless stays in memory, however long it is: by default, pieces of over 100 kB
    # are put into shared memory, from where they may be written to a disk.
    "RAY_max_direct_call_object_size": str(64 << 20),
    "RAY_automatic_object_spilling_enabled": "0",
    # Ray would have its replicas give way to everything else on the machine (nice 15), the app's pages among it.
    "RAY_worker_niceness": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": hashlib.sha256(f"ray {TOKEN}".encode()).hexdigest(),
}


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What Ray is told. Only other ports may be given: the other settings are what keeps strangers out."""
    return {**SETTINGS, **{name: given[name] for name in PORTS if name in given}}


if __name__ == "__main__":
    os.environ.update(environment(os.environ))

    import ray
    from ray.serve.scripts import cli

    from explainer.serving import wire

    try:
        wire.token()
    except ValueError as error:
        sys.exit(str(error))
    # The object store, which the service does not use, is as small as Ray lets it be.
    ray.init("local", namespace="serve", include_dashboard=False, object_store_memory=80 << 20)
    cli(["run", *(sys.argv[1:] or [str(HERE / "service.yaml")])])
