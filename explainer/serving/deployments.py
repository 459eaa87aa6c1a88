"""The service as Ray Serve runs it: `serve run deploy/service.yaml`, which says how many replicas of each there are.

Each deployment is an application of its own and its own ingress, so that no photo goes from one to another.
"""

from collections.abc import Callable

import ray
from ray import serve
from ray._common.tls_utils import add_port_to_grpc_server
from ray.serve._private import replica

from explainer.serving import service
from explainer.serving.service import Service


def _on_its_node(make: Callable[[], Service]) -> Callable[[], Service]:
    """Makes a service in a replica, whose port for other deployments then listens where the rest of Ray does.

    Ray opens it on all networks, whatever address it was told (tried with 2.60); no deployment here asks another.
    """

    def made() -> Service:
        node = ray.util.get_node_ip_address()

        def add(server: object, address: str) -> int:
            port: int = add_port_to_grpc_server(server, address.replace("[::]", node))
            return port

        setattr(replica, "add_port_to_grpc_server", add)  # noqa: B010 - Ray does not export it
        return make()

    return made


read = serve.deployment(name="read")(serve.ingress(_on_its_node(service.reading))()).bind()
"""What reads photos."""

explain = serve.deployment(name="explain")(serve.ingress(_on_its_node(service.explaining))()).bind()
"""What explains labels."""
