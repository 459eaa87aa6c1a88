"""The service as Ray Serve runs it: `serve run deploy/service.yaml`, which says how many replicas of each there are.

Each deployment is an application of its own and its own ingress, so that no photo goes from one to another.
"""

from ray import serve

from explainer.serving import service

read = serve.deployment(name="read")(serve.ingress(service.reading)()).bind()
"""What reads photos."""

explain = serve.deployment(name="explain")(serve.ingress(service.explaining)()).bind()
"""What explains labels."""
