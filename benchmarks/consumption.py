"""What the processes of a server take of the processor and of the memory, by the part of the work that they do."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# The first that stands in a process's command; what else runs belongs to Ray, or starts the others.
PARTS: Mapping[str, str] = {
    "explainer.vision.decoder": "decoders",
    "streamlit": "app",
    "ServeReplica:read": "readers",
    "ServeReplica:explain": "explainers",
    "haproxy": "HAProxy",
    "postgres": "database",
    "": "Ray",
}
LASTING = "app's workers"
"""The part of the app's threads that last, other than the main one: those that read and explain, in one process."""

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Seconds:
    """Seconds of the processor that processes took since each began, by process, and by thread of the app's."""

    processes: Mapping[tuple[int, str], float]
    threads: Mapping[tuple[int, int], float]
    busy: float
    """Of all that runs on the machine."""

    def since(self, before: "Seconds") -> Counter[str]:
        """Seconds since then by part, `LASTING` among them."""
        found = Counter[str]()
        for (pid, part), seconds in self.processes.items():
            found[part] += max(0.0, seconds - before.processes.get((pid, part), 0.0))
        for thread in self.threads.keys() & before.threads.keys():
            seconds = self.threads[thread] - before.threads[thread]
            found[LASTING] += seconds
            found["app"] -= seconds
        return found


def seconds(root: int, marked: str = "") -> Seconds:
    """What the processes below one took so far, and those whose environment has a text."""
    processes, threads = {}, {}
    for pid in _below(root, marked):
        try:
            part = _part(pid)
            processes[pid, part] = _seconds(Path(f"/proc/{pid}/stat"), children=True)
            if part == "app":
                tasks = [task for task in Path(f"/proc/{pid}/task").iterdir() if int(task.name) != pid]
                threads |= {(pid, int(task.name)): _seconds(task / "stat") for task in tasks}
        except OSError:  # it ended
            continue
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    idle = int(fields[3]) + int(fields[4])
    return Seconds(processes, threads, (sum(map(int, fields[:8])) - idle) / _TICK)


def megabytes(root: int, marked: str = "") -> Counter[str]:
    """Each part's share of the memory (Pss)."""
    found = Counter[str]()
    for pid in _below(root, marked):
        try:
            share = Path(f"/proc/{pid}/smaps_rollup").read_text().split("\nPss:")[1].split()[0]
            found[_part(pid)] += int(share) / 1024  # type: ignore[assignment]
        except (OSError, IndexError):
            continue
    return found


def _part(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return next(part for said, part in PARTS.items() if said in command)


def _seconds(stat: Path, children: bool = False) -> float:
    """Of a process or thread, with those of its children that ended."""
    fields = stat.read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if children else 13])) / _TICK


def _below(root: int, marked: str) -> set[int]:
    parents, found = {}, {root}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit():
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if marked and marked.encode() in (entry / "environ").read_bytes():
                    found.add(int(entry.name))
        except OSError:  # it ended
            continue
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found & parents.keys()
