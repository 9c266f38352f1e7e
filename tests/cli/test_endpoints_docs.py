"""docs/endpoints.md is true: its hosts, keys and defaults are the code's, its commands are commands, and what it
says of deliveries is what an audit of a real server stores.
"""

import inspect
import re
import shlex
import sqlite3
from pathlib import Path
from runpy import run_path

import pytest
import typer

import sordino as package
from sordino.cli.main import app
from sordino.generation.endpoint import Endpoint
from sordino.generation.persistence import Persistence
from sordino.generation.presets import ANY_SERVER, PRESETS, Prefill, key_variables
from sordino.packs import load
from sordino.wiring import serving, settings, targets
from sordino.wiring.prices import Prices

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "endpoints.md").read_text("utf-8")
STUB = run_path(str(ROOT / "tests" / "stub_server.py"))
StubServer, completion, fault = STUB["StubServer"], STUB["completion"], STUB["fault"]

COMMANDS = [
    shlex.split(line, comments=True)[1:]
    for block in re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


def table(head):
    """The rows of the table that begins with this head, each a list of cells without their quotes."""
    rows = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def default(option):
    """What `sordino audit --help` calls an option's default."""
    command = typer.main.get_command(app).commands["audit"]
    (help_,) = (p.help for p in command.params if option in p.opts)
    return re.search(r"Default: (.*)\.\Z", help_)[1]


# -- hosts and keys --------------------------------------------------------------------------------------


def test_the_table_of_hosts_is_that_of_the_presets():
    told = {row[0].strip("`"): [cell.strip("`") for cell in row[1:]] for row in table("name")}
    assert set(told) == set(PRESETS)
    for name, (address, key, prefill) in told.items():
        preset = PRESETS[name]
        assert address == preset.base
        assert key == (preset.variables or (ANY_SERVER,))[0]
        assert (prefill == "no") == (preset.prefill is Prefill.IMPOSSIBLE), name


def test_it_says_what_was_run_here():
    assert ("**None of these was run here.**" in PAGE) == (not any(p.run_here for p in PRESETS.values()))


def test_whose_key_goes_where():
    for preset in PRESETS.values():
        own = Endpoint("m", preset.base)
        assert key_variables(own) == (ANY_SERVER, *preset.variables)  # the first that is set counts
        if preset.hosts:
            plain = Endpoint("m", preset.base.replace("https://", "http://"))
            elsewhere = Endpoint("m", preset.base.replace(preset.hosts[0], "elsewhere.example"))
            assert key_variables(plain) == key_variables(elsewhere) == (ANY_SERVER,)


# -- commands and options --------------------------------------------------------------------------------


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_its_commands_are_commands(words):
    group = typer.main.get_command(app)
    name, command, rest = group.resolve_command(group.make_context("sordino", list(words)), list(words))
    given = command.make_context(name, list(rest)).params
    assert name == "audit"
    assert Endpoint.parse(given["target"].removeprefix("openai:")).base.startswith("http")
    load.pack(given["pack"])
    fields = set(settings.AuditSettings.__dataclass_fields__)
    told = settings.AuditSettings(**{n: v for n, v in given.items() if n in fields and n != "language"})
    told.check()


def test_every_option_for_servers_is_named_and_no_other():
    named = set(re.findall(r"`?(--[a-z][a-z-]+)", PAGE))
    there = {o for p in typer.main.get_command(app).commands["audit"].params for o in p.opts}
    assert named <= there
    assert set(settings.OF_SERVERS.values()) | {"--yes", "--prefill", "--plain", "--system"} <= named


def test_its_python_is_a_call():
    (call,) = re.findall(r"`sordino\.audit\((.*?)\)`", PAGE)
    names = re.findall(r"(\w+)=", call)
    assert names
    assert set(names) <= set(inspect.signature(package.audit).parameters)


def test_its_prices_are_prices(tmp_path):
    (block,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "prices.yaml").write_text(block, "utf-8")
    prices = Prices.read(tmp_path / "prices.yaml")
    assert (prices.currency, set(prices.models)) == ("USD", {"deepseek/deepseek-r1"})


# -- numbers ---------------------------------------------------------------------------------------------


def test_its_numbers_are_those_of_the_code():
    assert (serving.CONCURRENCY, targets.SERVED_TOKENS) == (64, 4096)
    assert default("--concurrency") == "64"
    assert default("--max-tokens").endswith("behind a server 4096")
    assert default("--timeout") == "300"
    assert "--concurrency 64     # at most" in PAGE
    assert "`--max-tokens` is 4096 unless told otherwise" in PAGE
    usual = Persistence()
    assert (usual.tries, usual.sending) == (5, 300)
    assert "sent again, five times in all" in PAGE
    assert "300 seconds unless told otherwise" in PAGE


# -- deliveries ------------------------------------------------------------------------------------------

REPLIES = {
    "blocked_output": lambda: completion("It ra", "content_filter"),
    "blocked_input": lambda: fault(
        400, {"error": {"code": "data_inspection_failed", "message": "Input may be inappropriate."}}
    ),
    "truncated": lambda: completion("It rained and", "length"),
    "empty": lambda: completion(""),
    "delivered": lambda: completion("I cannot talk about that."),
}
"""A reply for each row of the table, and a refusal, which is none of them."""


def test_what_comes_counts_as_the_table_says(sordino, folder, monkeypatch):
    monkeypatch.delenv("SORDINO_API_KEY", raising=False)
    kinds = list(REPLIES)
    with StubServer(lambda number, _body: REPLIES[kinds[number % len(kinds)]]()) as server:
        words = ("--pack", "atlas", "--language", "en", "--template", "protest-crackdown")
        said = sordino("audit", f"openai:m@{server.base}", *words, "--budget-requests", len(kinds))
    assert said.code == 0, said.err
    with sqlite3.connect(folder / "sordino.db") as store:
        stored = sorted(delivery for (delivery,) in store.execute("SELECT delivery FROM attempts"))
    assert stored == sorted(kinds)
    told = [row[-1] for row in table("what comes")]
    ways = {"blocked on the way out", "blocked on the way in", "truncated", "empty"}
    assert ways | {"error: still owed, and no answer"} == set(told)
