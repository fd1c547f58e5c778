"""What this machine has, and which of its packages will stand in the way: the part of `doctor` that needs no model.

Decision: things are tried, not guessed. Whether transformers can give its Qwen2-Audio classes is found by importing
them, because what stops it (a torchaudio built for another torch, a library of CUDA that is not there) shows in no
version number. Every problem is a `Finding` with a stable code and what to do; "fails" is kept for what will end in an
error, "warning" for what works but costs something.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "accelerate",
    "peft",
    "huggingface_hub",
    "ms-swift",
    "vllm",
    "torchaudio",
)
NEEDED = ("torch", "transformers", "tokenizers", "safetensors")
"""Without these there is no model here; the others serve one road each."""
TRIED = {"torch": "2.13", "transformers": "5.23"}
"""The newest versions that this package was tried with."""
LOWEST = {"torch": (2, 5), "transformers": (5, 0)}
SWIFT_NEEDS = "transformers>=4.45,<4.49"
LITTLE_DISK = 5_000_000_000

Level = Literal["fails", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """Something to know. `code` is stable, `hint` says what to do."""

    level: Level
    code: str
    text: str
    hint: str = ""


@dataclass(frozen=True)
class Gpu:
    """A CUDA device; memory in bytes."""

    name: str
    total: int
    free: int
    bfloat16: bool


@dataclass(frozen=True)
class CachedModel:
    """A model in the hub's cache."""

    name: str
    bytes: int
    architecture: str


@dataclass
class Machine:
    """What is here. Memory and disk in bytes; `versions` holds None for what is not installed."""

    python: str
    system: str
    versions: dict[str, str | None]
    cores: int
    threads: int | None
    load: float
    memory: int
    memory_free: int
    disk_free: int
    gpus: list[Gpu] = field(default_factory=list)
    mps: bool = False
    bfloat16: bool = False
    models: list[CachedModel] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def examine(where: Path | None = None) -> Machine:
    """Look at this machine.

    Args:
        where: the directory whose disk counts; the current one by default.
    """
    versions = {name: _version(name) for name in PACKAGES}
    total, free = memory()
    machine = Machine(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        versions=versions,
        cores=cores(),
        threads=threads_asked(),
        load=os.getloadavg()[0],
        memory=total,
        memory_free=free,
        disk_free=_disk_free(where or Path.cwd()),
        models=cached_models(),
    )
    found = machine.findings
    found += version_findings(versions)
    if versions["torch"] is not None:
        found += _try_torch(machine)
        if versions["transformers"] is not None:
            found += _try_transformers(versions)
    if machine.disk_free < LITTLE_DISK:
        found.append(
            Finding(
                "warning",
                "machine.disk",
                f"{machine.disk_free / 1e9:.1f} GB of disk are free in {where or Path.cwd()}.",
                "A checkpoint of a full training takes 12 bytes per weight, and twice that while it is replaced.",
            )
        )
    if machine.load > machine.cores / 2 and (machine.threads or machine.cores) > 1:
        found.append(
            Finding(
                "warning",
                "machine.busy",
                f"other programs keep about {machine.load:.1f} of {machine.cores} cores busy.",
                "Threads that wait for each other on a loaded machine can be several times slower than one: set "
                "`threads: 1` in a recipe, OMP_NUM_THREADS=1 for `ask`.",
            )
        )
    return machine


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: 2.13.0+cpu is (2, 13, 0).

    >>> _numbers("2.13.0+cpu"), _numbers("5.0rc1")
    ((2, 13, 0), (5,))
    """
    out = []
    for piece in text.split("+")[0].split("."):
        if not piece.isdigit():
            break
        out.append(int(piece))
    return tuple(out)


def version_findings(versions: dict[str, str | None]) -> list[Finding]:
    """What the installed versions alone say."""
    found = []
    lacking = [name for name in NEEDED if versions.get(name) is None]
    if lacking:
        found.append(
            Finding(
                "warning",
                "package.missing",
                f"{', '.join(lacking)} not installed: data can be built and scored here, no model trained or asked.",
                "pip install 'audio-reasoner[model]'",
            )
        )
    for name, lowest in LOWEST.items():
        have = versions.get(name)
        if have is None:
            continue
        wanted = ".".join(map(str, lowest))
        if _numbers(have) < lowest:
            found.append(
                Finding(
                    "fails",
                    "package.too_old",
                    f"{name} {have} is older than {wanted}.",
                    f"pip install -U '{name}>={wanted}'. Programs that need the older one belong into an environment "
                    "of their own; `audio-reasoner convert` writes models for them.",
                )
            )
        elif _numbers(have)[:2] > _numbers(TRIED[name]):
            found.append(
                Finding(
                    "note",
                    "package.untried",
                    f"{name} {have} is newer than {TRIED[name]}, the newest this package was tried with.",
                )
            )
    swift, transformers = versions.get("ms-swift"), versions.get("transformers")
    if swift and transformers and not (4, 45) <= _numbers(transformers)[:2] < (4, 49):
        found.append(
            Finding(
                "warning",
                "package.swift",
                f"ms-swift {swift} asks for {SWIFT_NEEDS} for this model and has {transformers}: training was seen to "
                "work so, its inference to fail.",
                "Give ms-swift an environment of its own.",
            )
        )
    return found


def _try_torch(machine: Machine) -> list[Finding]:
    try:
        import torch
    except Exception as error:
        return [
            Finding("fails", "torch.broken", f"torch cannot be imported: {_first_line(error)}", "Install it again.")
        ]
    found = []
    machine.mps = bool(torch.backends.mps.is_available())
    machine.bfloat16 = bfloat16_in_hardware()
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(i)
            fast = bfloat16_in_hardware(f"cuda:{i}")
            machine.gpus.append(Gpu(torch.cuda.get_device_name(i), total, free, fast))
            if not fast:
                found.append(
                    Finding(
                        "warning",
                        "gpu.bfloat16",
                        f"{machine.gpus[-1].name} computes no bfloat16 in hardware.",
                        "Train with `precision: float32`, ask with --dtype float16.",
                    )
                )
    elif shutil.which("nvidia-smi"):
        built = torch.version.cuda
        found.append(
            Finding(
                "warning",
                "torch.no_cuda",
                "nvidia-smi is here, but torch sees no GPU: "
                + (
                    f"it was built for CUDA {built}, the driver may be older."
                    if built
                    else "it was built without CUDA."
                ),
                "Install the build of torch for your driver.",
            )
        )
    return found


def _try_transformers(versions: dict[str, str | None]) -> list[Finding]:
    broken = None
    if versions["torchaudio"] is not None:
        try:
            importlib.import_module("torchaudio")
        except Exception as error:
            broken = _first_line(error)
    try:
        from transformers import AutoProcessor, Qwen2AudioForConditionalGeneration  # noqa: F401
    except Exception as error:
        why = f"torchaudio {versions['torchaudio']} is broken ({broken})" if broken else _first_line(error)
        return [
            Finding(
                "fails",
                "transformers.broken",
                f"transformers cannot give Qwen2-Audio's classes: {why}",
                "pip uninstall torchaudio; nothing here needs it."
                if broken
                else "Install torch and transformers anew.",
            )
        ]
    if broken:
        return [
            Finding(
                "warning",
                "torchaudio.broken",
                f"torchaudio {versions['torchaudio']} is installed and cannot be imported ({broken}); some versions of "
                "transformers then refuse Qwen2-Audio.",
                "pip uninstall torchaudio; nothing here needs it.",
            )
        ]
    return []


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def bfloat16_in_hardware(device: str = "cpu") -> bool:
    """Whether a device (cpu, cuda, cuda:N) multiplies bfloat16 in hardware; imitated products are slower than 32-bit
    ones. False for any other kind of device."""
    import torch

    if device.startswith("cuda"):
        # From compute capability 8.0 (2020) on; `is_bf16_supported` also says yes to older GPUs, which imitate it.
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device != "cpu":
        return False
    has = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return bool(has or getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())


def cores() -> int:
    """Cores that this process may use, by affinity and by the quota of its control group."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        count = os.cpu_count() or 1
    quota = _read("/sys/fs/cgroup/cpu.max").split()
    if len(quota) == 2 and quota[0].isdigit() and int(quota[1]):
        count = min(count, max(1, int(quota[0]) // int(quota[1])))
    return count


def threads_asked() -> int | None:
    """The threads that OMP_NUM_THREADS asks for; None if it is not set or says no number."""
    text = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(text) if text.isdigit() and int(text) else None


SMALL = 50_000_000
"""Weights under which decoding on a processor gains nothing from a second thread."""


def one_thread_if_small(weights: int) -> None:
    """Let a small model decode on one thread, unless OMP_NUM_THREADS says something else.

    Two threads that wait for each other after every product of a few rows gain nothing on a quiet machine, and on a
    busy one an answer of half a second took twenty. For a command that answers; a library leaves threads alone.
    """
    import torch

    if weights < SMALL and threads_asked() is None:
        torch.set_num_threads(1)


def memory() -> tuple[int, int]:
    """Bytes of memory in all and free for us, the limit of the control group counted in."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    lines = dict(line.split(":", 1) for line in _read("/proc/meminfo").splitlines() if ":" in line)
    available = lines.get("MemAvailable", "").split()
    free = int(available[0]) * 1024 if available and available[0].isdigit() else total
    limit, used, parts = (_read(f"/sys/fs/cgroup/memory.{name}").strip() for name in ("max", "current", "stat"))
    if limit.isdigit():
        total = min(total, int(limit))
        # Files that were read count as used until somebody needs the room: a model that was just copied, for one.
        cached = sum(int(n) for n in re.findall(r"^(?:in)?active_file (\d+)$", parts, re.MULTILINE))
        free = min(free, total, max(0, int(limit) - int(used) + cached)) if used.isdigit() else min(free, total)
    return total, free


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except OSError:
        return ""


def _disk_free(where: Path) -> int:
    while not where.exists() and where != where.parent:
        where = where.parent
    return shutil.disk_usage(where).free


def cached_models() -> list[CachedModel]:
    """Models in the hub's cache, largest first. An unreadable cache holds none."""
    try:
        from huggingface_hub import constants, scan_cache_dir
        from huggingface_hub.errors import CacheNotFound
    except ImportError:
        return []
    try:
        repos = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except (CacheNotFound, OSError, ValueError):
        return []
    found = [
        CachedModel(str(r.repo_id), int(r.size_on_disk), _architecture(r)) for r in repos if r.repo_type == "model"
    ]
    return sorted(found, key=lambda m: (-m.bytes, m.name))


def _architecture(repo: Any) -> str:
    import json

    for revision in sorted(repo.revisions, key=lambda r: -r.last_modified):
        for file in revision.files:
            if file.file_name == "config.json":
                try:
                    return str(json.loads(Path(file.file_path).read_text("utf-8")).get("model_type", "?"))
                except (OSError, ValueError, AttributeError):
                    return "?"
    return "?"
