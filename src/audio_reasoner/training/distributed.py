"""Several processes that train one model: as copies that add their gradients, or with the weights divided among them.

Decision: every process plans the whole step and takes its share of the units, so nothing is exchanged but gradients
and a few figures, and the step's loss is divided by the answer tokens of *all* processes. No wrapper averages anything:
the result is that of one process with the same steps, up to the order of sums
(``tests/training/test_several_processes.py``).

A launcher (torchrun, accelerate) says through the environment how many processes there are; accelerate's FSDP settings
divide the weights (FSDP2, one group per layer of the named classes). Everything written to disk is whole and written by
the first process, so a training may go on with another number of processes.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from audio_reasoner.core.errors import AudioReasonerError, ConfigError
from audio_reasoner.models import qwen2_audio

if TYPE_CHECKING:
    import torch

    from audio_reasoner.training.collate import Unit

LAYERS = ("Qwen2AudioEncoderLayer", "Qwen2DecoderLayer")
# A process may wait while another builds the data set, learns a tokenizer or writes a checkpoint.
PATIENCE = timedelta(hours=6)
BUCKET = 2**25
T = TypeVar("T")


def launched() -> bool:
    """Whether a launcher started several processes for this training."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


def is_first() -> bool:
    """Whether this is the process that writes and speaks; known before the processes have met."""
    return not launched() or os.environ["RANK"] == "0"


class World:
    """The processes of a training. With one, everything here is trivial.

    Args:
        device: as in a recipe; None: a GPU of its own per process if there is one, else the CPU.
    """

    def __init__(self, device: str | None = None) -> None:
        self.rank, self.size, self.local, self.neighbours = 0, 1, 0, 1
        self._plugin: Any = None
        self._mesh: Any = None
        if not launched():
            self.device = qwen2_audio.pick_device(device)
            return
        import torch
        import torch.distributed as dist

        self.rank, self.size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        self.local = int(os.environ.get("LOCAL_RANK", "0"))
        self.neighbours = int(os.environ.get("LOCAL_WORLD_SIZE", self.size))
        if device is None and os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("true", "1"):
            device = "cpu"
        self.device = qwen2_audio.pick_device(device)
        if self.device == "cuda":
            self.device = f"cuda:{self.local}"
            torch.cuda.set_device(self.local)
        if not dist.is_initialized():
            backend = "cpu:gloo,cuda:nccl" if self.device.startswith("cuda") else "gloo"
            dist.init_process_group(backend, timeout=PATIENCE)
        if os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true":
            self._plugin = _plugin()
            self._mesh = dist.device_mesh.init_device_mesh(self.device.split(":")[0], (self.size,))

    @property
    def first(self) -> bool:
        """Whether this process writes and speaks."""
        return self.rank == 0

    @property
    def sharded(self) -> bool:
        """Whether the weights are divided among the processes."""
        return self._plugin is not None

    @property
    def checkpoints_activations(self) -> bool:
        """Whether the launcher's configuration asks for activation checkpointing."""
        return bool(self._plugin and self._plugin.activation_checkpointing)

    def close(self) -> None:
        """Leave the other processes."""
        if self.size > 1:
            import torch.distributed as dist

            dist.destroy_process_group()

    # ------------------------------------------------------------------------------------------------- exchanging

    def gather(self, value: T) -> list[T]:
        """Everybody's value, by rank."""
        if self.size == 1:
            return [value]
        import torch.distributed as dist

        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value, group=self._talk())
        return found

    def once(self, do: Callable[[], T]) -> T:
        """What `do` gives the first process; the others wait for it and get the same, or end quietly if it failed."""
        if self.size == 1:
            return do()
        import torch.distributed as dist

        box: list[Any] = [None, None]
        problem: BaseException | None = None
        if self.first:
            try:
                box[0] = do()
            except BaseException as error:
                problem = error
                box[1] = error.exit_code if isinstance(error, AudioReasonerError) else 1
        dist.broadcast_object_list(box, src=0, group=self._talk())
        if problem is not None:
            raise problem
        if box[1] is not None:
            raise SystemExit(box[1])
        return box[0]  # type: ignore[no-any-return]

    def total(self, values: Sequence[float]) -> list[float]:
        """Sums over the processes."""
        return self._reduced(values, "SUM")

    def most(self, values: Sequence[float]) -> list[float]:
        """The largest values among the processes."""
        return self._reduced(values, "MAX")

    def _reduced(self, values: Sequence[float], how: str) -> list[float]:
        if self.size == 1:
            return list(values)
        import torch
        import torch.distributed as dist

        found = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(found, getattr(dist.ReduceOp, how), group=self._talk())
        return [float(v) for v in found]

    @staticmethod
    def _talk() -> Any:
        """The group for small messages; those are on the CPU also where gradients are on GPUs."""
        import torch.distributed as dist

        return dist.group.WORLD

    def in_turns(self, do: Callable[[], T]) -> T:
        """Run `do` in one process of a machine after the other, where all at once would fill its memory."""
        import torch.distributed as dist

        found: T | None = None
        for turn in range(self.neighbours):
            if turn == self.local:
                found = do()
            if self.size > 1:
                dist.barrier()
        return found  # type: ignore[return-value]

    # --------------------------------------------------------------------------------------------------- dividing

    def share(self, units: Sequence[Unit]) -> list[list[Unit]]:
        """A step's units by process, about equal in tokens: the longest first, each to the one with the least so far.

        A process gets none if there are fewer units than processes.
        """
        parts: list[list[int]] = [[] for _ in range(self.size)]
        load = [0] * self.size
        for i in sorted(range(len(units)), key=lambda i: (-units[i].tokens, i)):
            least = min(range(self.size), key=lambda r: (load[r], r))
            parts[least].append(i)
            load[least] += units[i].tokens
        return [[units[i] for i in sorted(part)] for part in parts]

    def add_gradients(self, weights: Iterable[torch.nn.Parameter]) -> None:
        """Replace every gradient by the sum over the processes (a process without any counts as zero).

        Divided weights have been summed while they were computed.
        """
        if self.size == 1 or self.sharded:
            return
        import torch
        import torch.distributed as dist

        def exchange(some: list[torch.nn.Parameter]) -> None:
            flat = torch.cat([w.grad.reshape(-1) for w in some])  # type: ignore[union-attr]
            dist.all_reduce(flat)
            at = 0
            for w in some:
                assert w.grad is not None
                w.grad.copy_(flat[at : at + w.numel()].view_as(w))
                at += w.numel()

        bucket: list[torch.nn.Parameter] = []
        size = 0
        for weight in weights:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
            if bucket and (size + weight.numel() > BUCKET or weight.dtype != bucket[0].dtype):
                exchange(bucket)
                bucket, size = [], 0
            bucket.append(weight)
            size += weight.numel()
        if bucket:
            exchange(bucket)

    def divide(self, objective: torch.nn.Module, bf16: bool) -> None:
        """Divide the weights of a loss module among the processes, in place.

        Raises:
            ConfigError: `training.wrap`: the configuration names a layer class that the model does not have.
        """
        import torch
        from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

        names = tuple(self._plugin.transformer_cls_names_to_wrap or LAYERS)
        layers = [m for m in objective.modules() if type(m).__name__ in names]
        lacking = sorted(set(names) - {type(m).__name__ for m in layers})
        if lacking:
            raise ConfigError(
                f"fsdp_transformer_layer_cls_to_wrap names {lacking[0]!r}, which this model does not have.",
                code="training.wrap",
                hint=f"Name {','.join(LAYERS)}.",
            )
        how: dict[str, Any] = {"mesh": self._mesh, "offload_policy": self._plugin.cpu_offload}
        if bf16:
            # Products in 16 bits; sums of gradients, the weights themselves and the optimiser stay in 32.
            how["mp_policy"] = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
        for layer in layers:
            fully_shard(layer, reshard_after_forward=self._plugin.reshard_after_forward, **how)
        fully_shard(objective, **how)


def _plugin() -> Any:
    from accelerate.utils import FullyShardedDataParallelPlugin

    plugin = FullyShardedDataParallelPlugin()
    if getattr(plugin, "fsdp_version", 1) != 2:
        raise ConfigError(
            "this training divides weights with FSDP version 2 only.",
            code="training.fsdp_version",
            hint="Set `fsdp_version: 2` in accelerate's configuration, as recipes/accelerate-fsdp.yaml does.",
        )
    # accelerate's own type where nothing is offloaded is None, torch's a policy object.
    if plugin.cpu_offload is None or plugin.cpu_offload is False:
        from torch.distributed.fsdp import OffloadPolicy

        plugin.cpu_offload = OffloadPolicy()
    return plugin


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor with all of its parts. Every process must call this, in the same order."""
    full = getattr(tensor, "full_tensor", None)
    return tensor if full is None else full()


def part_like(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """This process's part of a whole tensor, divided like another one."""
    mesh = getattr(like, "device_mesh", None)
    if mesh is None:
        return tensor
    from torch.distributed.tensor import distribute_tensor

    # Every process holds the whole tensor, so nothing needs to be sent.
    return distribute_tensor(tensor.to(like.device), mesh, like.placements, src_data_rank=None)  # type: ignore[attr-defined]


def outline(model: torch.nn.Module) -> torch.nn.Module:
    """The model without its weights: take it before they are divided, and `assemble` can make a whole one."""
    import torch

    memo: dict[int, Any] = {
        id(p): torch.nn.Parameter(torch.empty_like(p, device="meta"), requires_grad=p.requires_grad)
        for p in model.parameters()
    }
    return copy.deepcopy(model, memo)


def assemble(
    model: torch.nn.Module, frame: torch.nn.Module, device: str, dtype: torch.dtype | None, wanted: bool = True
) -> torch.nn.Module | None:
    """A whole copy of a divided model, for evaluation or saving; every process must call this.

    Args:
        model: the divided model.
        frame: its `outline`.
        device: where the copy's weights go.
        dtype: their number format; None: as they are.
        wanted: whether this process needs the copy; it helps the others in any case.
    """
    import torch

    places: dict[str, list[tuple[torch.nn.Module, str]]] = {}
    result = copy.deepcopy(frame)
    shared: dict[int, str] = {}
    for name, weight in result.named_parameters(remove_duplicate=False):
        owner, _, attribute = name.rpartition(".")
        first = shared.setdefault(id(weight), name)
        places.setdefault(first, []).append((result.get_submodule(owner), attribute))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            full = whole(weight.detach())
            if not wanted:
                continue
            moved = full.to(device=device, dtype=dtype) if dtype is not None else full.to(device)
            new = torch.nn.Parameter(moved, requires_grad=weight.requires_grad)
            for module, attribute in places[name]:
                setattr(module, attribute, new)
    return result.to(device) if wanted else None
