"""How phones find this machine."""

import subprocess
import sys

import pytest
from handmade import ROOT

from explainer.workshop import addresses, errors

HOTSPOT, WIRED = "10.42.0.1", "192.0.2.5"


def in_a_network(*commands: str) -> str:
    """What `addresses` finds in a network of its own that these commands make; skipped where none may be made."""
    look = f"{sys.executable} -c 'from explainer.workshop import addresses; print(*addresses.addresses())'"
    alone = ["unshare", "--map-root-user", "--net", "sh", "-ec"]
    try:
        possible = subprocess.run([*alone, "ip link add try0 type bridge"], capture_output=True).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible:
        pytest.skip("needs unshare and ip, and to be let make a network")
    script = "\n".join(["ip link set lo up", *commands, look])
    return subprocess.run([*alone, script], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def interface(name: str, address: str) -> list[str]:
    return [f"ip link add {name} type bridge", f"ip addr add {address}/24 dev {name}", f"ip link set {name} up"]


def test_a_machine_without_a_network_has_no_address() -> None:
    assert in_a_network() == ""


def test_beside_a_wired_way_out_the_hotspot_is_found_and_comes_second() -> None:
    networks = [*interface("hot0", HOTSPOT), *interface("eth0", WIRED), "ip route add default via 192.0.2.1"]
    assert in_a_network(*networks).split() == [WIRED, HOTSPOT]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.168.1.20", "https://192.168.1.20:8501/app"),
        (" 192.168.1.20:80 ", "https://192.168.1.20:80/app"),
        ("http://Talk.local", "http://talk.local/app"),
        ("talk.local:8501/workshop?room=x", None),
        ("talk.local/other/workshop", "https://talk.local:8501/other"),
        ("", None),
        ("two words", None),
        ("<b>x</b>", None),
        ("javascript:alert(1)", None),
    ],
)
def test_an_address_that_is_typed_is_filled_up_from_the_one_that_is_known(text: str, address: str | None) -> None:
    if address is None:
        with pytest.raises(errors.NoAddress, match="no address"):
            addresses.typed(text, "https://10.0.0.1:8501/app")
    else:
        assert addresses.typed(text, "https://10.0.0.1:8501/app") == address


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        ("http://127.0.0.1:8501", "http://192.0.2.7:8501"),
        ("http://localhost", "http://192.0.2.7"),
        ("https://localhost", "https://192.0.2.7"),
        ("https://[::1]:8443", "https://192.0.2.7:8443"),
        ("http://museum.example:8501", "http://museum.example:8501"),
    ],
)
def test_phones_are_told_the_port_at_which_the_presenter_found_the_app_which_may_be_a_proxys(
    monkeypatch: pytest.MonkeyPatch, seen: str, shown: str
) -> None:
    monkeypatch.setattr(addresses, "addresses", lambda: ("192.0.2.7",))
    assert addresses.origins(seen, 8511, secure=False)[0] == shown
