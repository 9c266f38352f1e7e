"""The vectors that steer a model at inference, found on a remedy's fitting sets and written beside its
result.
"""

from pathlib import Path

from sordino.wiring import targets
from sordino.wiring.remedy_ladder import Ladder

FOLDER = "steering"
GGUF = "steering.gguf"


def write(ladder: Ladder, into: Path) -> str:
    """Writes `steering/` and says what it holds, or why there is none.

    The vectors are scored on what they were found on, and not gated: they are reversible, and whoever
    steers can audit what that does.
    """
    from sordino.remedy import vectors  # noqa: PLC0415 - brings torch
    from sordino.remedy.steering import Steering  # noqa: PLC0415
    from sordino.remedy.subject import Subject  # noqa: PLC0415

    settings = ladder.told.asking.settings
    model = targets.model_run_here(settings.target)
    subject = Subject.open(model.source, model.revision, settings.device)
    found = vectors.best(subject, ladder.sets, ladder.told.asking.progress)
    if found is None:
        return (
            "No steering vectors: at every layer and strength they moved what must stay beyond the limits."
        )
    layer, vector, strength, score = found
    identity = ladder.told.pack.manifest.target
    made = Steering(
        vectors={layer: vector},
        model=identity.name,
        revision=identity.revision,
        architecture=str(subject.model.config.model_type),
        jurisdiction=settings.jurisdiction,
        languages=tuple(score.wins),
        strength=strength,
    )
    made.save(into / FOLDER)
    made.export_gguf(into / FOLDER / GGUF)
    told = ", ".join(f"{language} {share:.0%}" for language, share in score.wins.items())
    return (
        f"Steering vectors, not gated: after layer {layer}, at strength {strength:g}, the honest opening "
        f"is the likelier one on {told} of the fitted questions."
    )
