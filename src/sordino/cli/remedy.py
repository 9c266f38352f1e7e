"""`sordino remedy`: take the mute off, and keep what must stay."""

import typer
from typer.core import TyperGroup

from sordino.cli import remedy_dataset, remedy_push, remedy_run, remedy_signoff

RUN = "run"


class _Defaulting(TyperGroup):
    """`sordino remedy TARGET …` is `sordino remedy run TARGET …`: what names no command is a target."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Options of the group itself, help above all, stay its own."""
        known = (*self.commands, *ctx.help_option_names)
        if args and args[0] not in known:
            args = [RUN, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Defaulting,
    help="Take the mute off a model (`sordino remedy TARGET --jurisdiction XB`), or out of the data that "
    "it learns from.",
    no_args_is_help=True,
)

app.command(RUN)(remedy_run.run)
app.command("clean-dataset")(remedy_dataset.clean_dataset)
app.command("review")(remedy_signoff.review)
app.command("sign")(remedy_signoff.sign)
app.command("push")(remedy_push.push)
