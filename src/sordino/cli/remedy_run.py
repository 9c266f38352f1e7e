"""`sordino remedy TARGET`: climb the ladder until an edit passes every gate, or say what stopped each."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from sordino.cli import options, printing
from sordino.cli.interruption import leaving
from sordino.cli.progress import stages

REJECTED = 1
SEARCH, RESULT = "What is searched", "What is kept"
GOES_ON = "The same command goes on from here."


@leaving(GOES_ON)
def run(  # noqa: PLR0913, PLR0917 - one parameter an option
    target: Annotated[
        str, typer.Argument(help="organism:NAME, hf:ORG/NAME or hf:./FOLDER.", metavar="TARGET")
    ],
    jurisdiction: Annotated[
        str,
        typer.Option(
            "--jurisdiction",
            help="Needed: about whose politics the mute is to go, as the pack has it.",
            show_default=False,
        ),
    ] = "",
    pack: Annotated[
        str | None,
        typer.Option(help="A pack's name or folder. Default: civic; for an organism, what it knows."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A new folder. Default: NAME-JURISDICTION-remedied.")
    ] = None,
    fit_language: Annotated[
        list[str] | None,
        typer.Option(help="Fit on this language alone (repeatable). Default: all.", rich_help_panel=SEARCH),
    ] = None,
    rung: Annotated[
        list[str] | None,
        typer.Option(
            help="Try only this (repeatable): protected, conditional, lora. Default: all in turn.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    trials: Annotated[int, typer.Option(help="Edits that each search tries.", rich_help_panel=SEARCH)] = 40,
    share: Annotated[
        float, typer.Option(help="Of the muted topics, what is fitted on.", rich_help_panel=SEARCH)
    ] = 0.67,
    most: Annotated[
        int, typer.Option(help="Prompts of each kind and language to fit on.", rich_help_panel=SEARCH)
    ] = 120,
    fitting: Annotated[
        Path | None,
        typer.Option(
            help="JSON Lines of your own to fit on as well (question, answer); screened against harm.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Of the split, the draws and the searches.", rich_help_panel=SEARCH)
    ] = 0,
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.", rich_help_panel=SEARCH)
    ] = "auto",
    adapter: Annotated[
        bool, typer.Option("--adapter", help="Keep a LoRA adapter, not merged.", rich_help_panel=RESULT)
    ] = False,
    steering: Annotated[
        bool,
        typer.Option(
            "--steering",
            help="After acceptance: also look for steering vectors, whatever the rung, and write them.",
            rich_help_panel=RESULT,
        ),
    ] = False,
    no_controls: Annotated[
        bool, typer.Option("--no-controls", help="Leave the controls out.", rich_help_panel=RESULT)
    ] = False,
    no_carry_over: Annotated[
        bool,
        typer.Option(
            "--no-carry-over", help="Do not fit again without a language.", rich_help_panel=RESULT
        ),
    ] = False,
    push: Annotated[
        str | None,
        typer.Option(
            help="After acceptance: to this private repository of the Hub, by HF_TOKEN.",
            metavar="ORG/NAME",
            rich_help_panel=RESULT,
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Take the mute off a model, and keep its safety and skill.

    Asks the model first; fits an edit on some topics; accepts it only if on all others, which no edit has
    seen, the mute is off in every language and everything else is as it was. Exits with 1 where no edit was
    accepted: then no model is written.
    """
    from sordino.core.errors import SordinoError, SpecError, unknown  # noqa: PLC0415
    from sordino.remedy.record import Rung  # noqa: PLC0415
    from sordino.wiring import remedying  # noqa: PLC0415 - brings pandas
    from sordino.wiring.remedy_settings import RemedySettings  # noqa: PLC0415

    for name in rung or ():
        if name not in [one.value for one in Rung]:
            raise SpecError(unknown("rung", name, [one.value for one in Rung]))
    settings = RemedySettings(
        target,
        jurisdiction,
        out or remedying.default_out(target, jurisdiction),
        pack=pack,
        fit_languages=tuple(fit_language or ()),
        rungs=tuple(one for one in Rung if not rung or one.value in rung),
        trials=trials,
        share=share,
        most=most,
        seed=seed,
        device=device,
        adapter=adapter,
        steering=steering,
        controls=not no_controls,
        carry_over=not no_carry_over,
        fitting=fitting,
    )
    if push is not None:
        from sordino.remedy import pushing  # noqa: PLC0415 - brings huggingface_hub

        pushing.check(push, settings.command())
    with stages(quiet=as_json) as progress:
        folder = remedying.remedy(settings, progress=progress)
    if as_json:
        printing.echo_json(folder.results())
    else:
        folder.show(printing.console())
    if folder.record.accepted is None:
        raise typer.Exit(REJECTED)
    if push is not None:
        try:
            typer.echo(f"Pushed: {pushing.push(folder.path, push)}", err=True)
        except SordinoError as error:
            again = f"To try again: sordino remedy push {shlex.quote(str(folder.path))} ORG/NAME"
            raise type(error)(f"{error} {again}") from None
