"""What a mask is learned of: model, prompts, what is replaced, which edges; and how."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jaxtyping import Bool
from torch import Tensor

from edgewise.checkpoint import Checkpoint
from edgewise.circuit import Circuit
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.masks.coefficients import Coefficients, Grain
from edgewise.masks.flows import Flow, FlowName
from edgewise.masks.gates import Gates
from edgewise.masks.held import Held, held_to
from edgewise.masks.learned import Learned, learn
from edgewise.masks.log import Log, check_tensorboard
from edgewise.masks.penalties import Penalty
from edgewise.masks.relaxations import Relaxation
from edgewise.masks.runs import EdgesRun
from edgewise.masks.settings import Settings
from edgewise.masks.training import Training
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.losses import Loss, loss_metric
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs


def check_learning(
    name: str,
    metric: Metric,
    pairs: Pairs,
    loss: Loss = "auto",
    positions: bool = False,
    tensorboard: str | None = None,
) -> list[str]:
    """Why a mask cannot be learned by this loss on these pairs."""
    problems = check_tensorboard(tensorboard)
    held = loss_metric(loss, metric, pairs)
    if not held.differentiable:
        problems.append(
            f"{name} learns by gradients, and metric {held.name!r} has none. Choose another loss."
        )
    if positions and pairs and not pairs.aligned:
        lengths = sorted({len(pair.clean) for pair in pairs})
        problems.append(
            "a gate for each position needs prompts of one length. "
            f"Got {lengths[0]} to {lengths[-1]} tokens. Leave out positions=true, or choose prompts."
        )
    return problems


def some_edges(among: Bool[Tensor, "readers sources"]) -> Bool[Tensor, "readers sources"]:
    if not among.any():
        raise BadInput("edges to learn a mask of were needed. None is left. Choose others, or a lower price.")
    return among


APART = 1_000_003
"""From a seed to that of the next attempt, so that it is hardly another run's."""


@dataclass
class Subject:
    model: Transformer
    pairs: Pairs
    metric: Metric
    """What is held small."""
    replacer: Replacer
    settings: Settings
    batch_size: int
    progress: Progress
    checkpoint: Checkpoint
    log: Log
    among: Bool[Tensor, "readers sources"]
    """The edges that are learned; the others are shut."""
    frozen_mlps: bool = False

    @classmethod
    def of(
        cls,
        model: Transformer,
        pairs: Pairs,
        metric: Metric,
        replacer: Replacer,
        settings: Settings,
        edges: Circuit | None,
        batch_size: int,
        progress: Progress | None,
        checkpoint: Checkpoint,
        log: Log,
    ) -> Subject:
        graph = Graph.of(model.config)
        among = graph.edges if edges is None else edges.kept
        return cls(
            model,
            pairs,
            loss_metric(settings.loss, metric, pairs),
            replacer,
            settings,
            batch_size,
            progress or Progress(),
            checkpoint,
            Log(log.path, settings.tensorboard),
            some_edges(among),
        )

    @property
    def graph(self) -> Graph:
        return Graph.of(self.model.config)

    def gates(self, name: str, relaxation: Relaxation, grain: Grain | None = None, place: int = 0) -> Gates:
        """Of the edges that are learned; `place`: among several sets."""
        positions = len(self.pairs[0].clean) if self.settings.positions else None
        shared = Coefficients.of(self.graph, grain or self.settings.grain, self.among, positions)
        like = self.model.like
        return Gates.drawn(name, shared, relaxation, self.settings.seed, like, place)

    def learn(
        self,
        stage: str,
        gates: list[Gates],
        penalty: Penalty,
        name: FlowName = "kept",
        exact: bool = False,
    ) -> Learned:
        """One stage; what it found is kept while others go on."""
        training = self.training(gates, penalty, name)
        found = learn(stage, training, self.graph, self.progress, self.log, self.checkpoint, exact)
        of_stage = {f"{stage}/{name}": value for name, value in found.state().items()}
        self.checkpoint = self.checkpoint.beside({**self.checkpoint.also, **of_stage})
        return found

    def training(self, gates: list[Gates], penalty: Penalty, name: FlowName = "kept") -> Training:
        flow = Flow(name, self.graph, self.frozen_mlps, self.settings.unit == "own")
        run = EdgesRun(self.model, flow, self.replacer, self.settings.thrifty)
        return Training(
            self.model, self.pairs, run, self.held(flow), gates, penalty, self.settings, self.batch_size
        )

    def held(self, flow: Flow) -> Held:
        """BadInput where there is nothing to learn."""
        given = (self.metric, self.model, self.pairs, self.replacer, flow, self.batch_size)
        return held_to(*given, self.settings.unit)

    def only(self, among: Bool[Tensor, "readers sources"]) -> Subject:
        """The same, of fewer edges; BadInput where none is left."""
        return replace(self, among=some_edges(among & self.among))

    def with_frozen_mlps(self) -> Subject:
        """The same, of the edges between heads, embedding and logits alone."""
        heads = self.graph.edges.clone()
        if self.graph.mlps:
            layers = range(self.graph.layers)
            heads[:, [self.graph.mlp_source(layer) for layer in layers]] = False
            heads[[self.graph.mlp_reader(layer) for layer in layers]] = False
        return replace(self.only(heads), frozen_mlps=True)

    def drawn_anew(self) -> Subject:
        """The same with other random numbers."""
        return replace(self, settings=replace(self.settings, seed=self.settings.seed + APART))

    def after(self, other: Subject) -> Subject:
        """The same, with what the other's stages have found in the checkpoint."""
        return replace(self, checkpoint=other.checkpoint)

    def judged_by(self, metric: Metric) -> Subject:
        """The same, with another loss."""
        return replace(self, metric=metric)
