"""The files for Kubernetes: right by its schemas, and in step with the app that they start."""

import re
from typing import Any

import kubernetes_validate
import pytest
import yaml
from handmade import ROOT

from explainer import limits
from explainer.ui import streamlit_internals
from explainer.vision import decoder

FOLDER = ROOT / "deploy" / "kubernetes"
OBJECTS: list[dict[str, Any]] = [
    each for file in sorted(FOLDER.glob("*.yaml")) for each in yaml.safe_load_all(file.read_text("utf-8"))
]
PAGE = (ROOT / "deploy" / "kubernetes.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
OLDEST = "1.30"  # the first in which a pod may sleep before it is told to end


def named(kind: str, name: str) -> dict[str, Any]:
    """The one object of a kind and a name."""
    (found,) = (each for each in OBJECTS if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return found


PODS = {name: named("Deployment", name)["spec"]["template"] for name in ("app", "service-1")}


def container(name: str) -> dict[str, Any]:
    (found,) = PODS[name]["spec"]["containers"]
    return found


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("each", OBJECTS, ids=lambda each: f"{each['kind']} {each['metadata']['name']}")
def test_each_object_is_right_by_the_schemas_of_kubernetes(each: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(each, version, strict=True)


def test_the_control_a_misspelt_field_is_found() -> None:
    wrong = {**named("Deployment", "app"), "specs": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, OLDEST, strict=True)


def test_the_oldest_version_that_fits_stands_on_the_page() -> None:
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(named("Deployment", "app"), "1.28", strict=True)
    assert f"Kubernetes {OLDEST} or later" in PAGE


def test_settings_are_those_of_the_readme_and_secrets_stand_in_no_file() -> None:
    secrets = re.findall(r"^    ([A-Z_]+)=", PAGE, re.MULTILINE)
    assert secrets == [
        "EXPLAINER_SERVICE_TOKEN",
        "EXPLAINER_PRESENTER_KEY",
        "EXPLAINER_DATA",
        "STREAMLIT_SERVER_COOKIE_SECRET",
    ]
    plain = [entry["name"] for name in PODS for entry in container(name)["env"] if "value" in entry]
    assert not set(plain) & set(secrets)
    assert all(f"`{name}`" in README for name in (*plain, *secrets))
    assert container("app")["envFrom"] == [{"secretRef": {"name": "explainer"}}]
    (token,) = container("service-1")["env"]  # that one alone: the service knows neither database nor presenter
    assert token["valueFrom"]["secretKeyRef"] == {"name": "explainer", "key": "EXPLAINER_SERVICE_TOKEN"}
    assert "Secret" not in {each["kind"] for each in OBJECTS}


def test_the_service_is_started_as_on_other_machines() -> None:
    command = " ".join(container("service-1")["command"])
    assert f"`{command}`" in (ROOT / "deploy" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", PODS)
def test_each_service_finds_its_pods_at_the_port_that_they_have(name: str) -> None:
    service = named("Service", name)["spec"]
    assert service["selector"].items() <= PODS[name]["metadata"]["labels"].items()
    (port,), (own,) = service["ports"], container(name)["ports"]
    assert (port["targetPort"], port["port"]) == (own["name"], own["containerPort"])


def test_the_app_asks_the_service_at_its_name_and_port() -> None:
    (asked,) = (entry["value"] for entry in container("app")["env"] if entry["name"] == "EXPLAINER_SERVICE")
    service = named("Service", "service-1")
    assert asked == f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"


def test_an_app_that_is_to_end_has_the_time_that_its_visitors_are_given() -> None:
    pod = PODS["app"]["spec"]
    (drain,) = (int(entry["value"]) for entry in container("app")["env"] if entry["name"] == "EXPLAINER_DRAIN")
    pause = container("app")["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] >= pause + drain + 10
    probes = [container("app")[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")]
    assert {probe["httpGet"]["path"] for probe in probes} == {"/_stcore/health"}


@pytest.mark.parametrize("name", PODS)
def test_no_pod_is_root_or_can_write_to_a_disk(name: str) -> None:
    pod = PODS[name]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container(name)["securityContext"]["readOnlyRootFilesystem"]
    assert [volume["emptyDir"]["medium"] for volume in pod["volumes"]] == ["Memory"]


def test_who_visits_is_kept_with_a_pod_by_the_cookie_that_the_app_takes_back() -> None:
    annotations = named("Ingress", "app")["metadata"]["annotations"]
    cookie = annotations["haproxy-ingress.github.io/session-cookie-name"]
    assert f"cookie {cookie} insert" in (ROOT / "deploy" / "haproxy.cfg").read_text("utf-8")
    assert f'_REPLICA = "{cookie}"' in (ROOT / "explainer" / "ui" / "middleware.py").read_text("utf-8")


def test_what_no_policy_names_may_not_speak() -> None:
    assert named("NetworkPolicy", "nothing-else")["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert "egress" not in named("NetworkPolicy", "service")["spec"]


def test_a_pod_of_the_app_has_the_memory_that_its_limits_let_in() -> None:
    photos, uploads, waiting = (limits.value(name) for name in ("photos", "uploads", "waiting photos"))
    downloads = streamlit_internals.DOWNLOADS
    let_in = 600e6 + 3 * decoder.BYTES + photos * 16e6 + uploads + waiting + downloads + 256 * 2**20
    assert _memory("app") > let_in


def _memory(name: str) -> int:
    memory: str = container(name)["resources"]["limits"]["memory"]
    assert memory.endswith("Gi")
    return int(memory.removesuffix("Gi")) * 2**30
