"""`sordino judge`: readings of anybody's answers, how far to trust a judge, and whether it drifted."""

import typer

from sordino.cli import judge_ask, judge_drift, judge_measures, judge_read

app = typer.Typer(help="Read answers with a judge, and measure judges.", no_args_is_help=True)

app.command("read")(judge_read.read)
app.command("evaluate")(judge_measures.evaluate)
app.command("card")(judge_measures.card)
app.command("ask")(judge_ask.ask)
app.command("drift")(judge_drift.drift)
