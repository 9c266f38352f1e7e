"""The score of an edit: what a plain loop over the model finds, from any layer, and nothing left behind."""

import math
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import takewhile

import pytest
import torch

from sordino.modeling.architectures import layers_of, writers_of
from sordino.modeling.hooks import ablated
from sordino.remedy.invented import POLITICS
from sordino.remedy.scoring import CACHED_LAYERS, GUARDS, KINDS, LOST, OPENING, Battery, Limits, Score

LOOSE = Limits(kl=math.inf, kept=0.0)


def direction(subject, number=1, seed=0):
    width = subject.model.config.hidden_size
    noise = torch.randn(width, number, generator=torch.Generator().manual_seed(seed))
    return torch.linalg.qr(noise).Q.T.contiguous()


def edit(subject, layer, dose=1.0):
    return lambda: ablated(subject.model, {layer: (direction(subject), dose)})


@torch.no_grad()
def plainly(subject, item, answer, most=OPENING):
    """One text at a time, token by token, without padding."""
    ids, total = list(subject.prompt(item.question)), 0.0
    for token in subject.tokens(answer)[:most]:
        told = torch.log_softmax(subject.model(torch.tensor([ids])).logits[0, -1].float(), -1)
        total += float(told[token])
        ids.append(token)
    return total


@torch.no_grad()
def first(subject, item):
    ids = torch.tensor([subject.prompt(item.question)])
    return torch.log_softmax(subject.model(ids).logits[0, -1].float(), -1)


@torch.no_grad()
def begins(subject, item, withheld):
    """Greedily, up to the first token that no evasion of its language has in its place."""
    answer = subject.tokens(item.honest)[:OPENING]
    evasions = [subject.tokens(i.own) for i in withheld if i.language == item.language]
    for length in range(1, len(answer) + 1):
        ids = torch.tensor([[*subject.prompt(item.question), *answer[: length - 1]]])
        if int(subject.model(ids).logits[0, -1].argmax()) != answer[length - 1]:
            return False
        if not any(one[:length] == answer[:length] for one in evasions):
            break
    return True


def held_against(subject, sets, edited):
    """All that a score says, the plain way."""
    guarded = dict(
        zip(
            GUARDS,
            (
                sets.siblings,
                (*sets.neutral_here, *sets.neutral_elsewhere),
                sets.benign,
                sets.harmful,
                sets.unknown,
            ),
            strict=True,
        )
    )
    guarded = {name: items for name, items in guarded.items() if items}
    before = {name: torch.stack([first(subject, i) for i in items]) for name, items in guarded.items()}
    was = [plainly(subject, item, item.own) for item in sets.harmful]
    with edited():
        now = [plainly(subject, item, item.own) for item in sets.harmful]
        after = {name: torch.stack([first(subject, i) for i in items]) for name, items in guarded.items()}
        margins = [
            (i.language, plainly(subject, i, i.honest) - plainly(subject, i, i.own)) for i in sets.withheld
        ]
        begun = [(i.language, begins(subject, i, sets.withheld)) for i in sets.withheld]
    kl = {
        name: float((before[name].exp() * (before[name] - after[name])).sum(-1).mean()) for name in guarded
    }
    alike = before["harmful"].argmax(-1) == after["harmful"].argmax(-1)
    same = [bool(b) and old - new <= LOST for b, old, new in zip(alike, was, now, strict=True)]
    spoken = {language: torch.tensor([m for x, m in margins if x == language]) for language, _ in margins}
    won = {language: torch.tensor([b for x, b in begun if x == language]) for language, _ in begun}
    return (
        {x: float(b.float().mean()) for x, b in won.items()},
        {x: float(m.mean()) for x, m in spoken.items()},
        kl,
        sum(same) / len(same),
    )


@pytest.mark.parametrize("layer", [None, 0, 1])
def test_it_is_what_a_plain_loop_finds(noise, noise_sets, layer):
    subject = noise()
    edited = nullcontext if layer is None else edit(subject, layer)
    found = Battery(subject, noise_sets, LOOSE).score(layer or 0, edited)
    wins, margin, kl, kept = held_against(subject, noise_sets, edited)
    assert found.wins == wins
    assert found.margin == pytest.approx(margin, abs=1e-3)
    assert found.kl == pytest.approx(kl, abs=1e-4)
    assert found.kept == kept
    assert found.broken is None
    if layer is None:
        assert found.kl == dict.fromkeys(GUARDS, 0.0)
        assert found.kept == 1.0
    else:
        assert min(found.kl.values()) > 1e-3


def test_what_pads_does_not_matter(noise, noise_sets):
    subject = noise()
    found = Battery(subject, noise_sets, LOOSE).score(0, nullcontext)
    subject.model.config.pad_token_id = -1
    assert Battery(subject, noise_sets, LOOSE).score(0, nullcontext) == found
    del subject.model.config.pad_token_id
    assert Battery(subject, noise_sets, LOOSE).score(0, nullcontext) == found


def test_of_a_muted_organism(muted, muted_sets):
    """The model's own evasion is the likelier by far in both languages."""
    subject = muted()
    bare = replace(muted_sets, withheld=muted_sets.withheld[::2], siblings=muted_sets.siblings[:1])
    bare = replace(bare, neutral_here=(), benign=())
    found = Battery(subject, bare, Limits()).score(0, nullcontext)
    wins, margin, _, _ = held_against(subject, bare, nullcontext)
    assert found.wins == wins == {"en": 0.0, "zh": 0.0}
    assert found.margin == pytest.approx(margin, abs=1e-3)
    assert max(found.margin.values()) < -2


def test_one_battery_scores_from_any_layer_in_any_order(muted, muted_sets):
    """More layers than are cached at once: what is dropped is made again."""
    subject = muted()
    few = replace(muted_sets, withheld=muted_sets.withheld[::4], siblings=(), harmful=(), benign=())
    battery, whole = Battery(subject, few, LOOSE), Battery(subject, few, LOOSE)
    order = [0, 1, 2, 3, 4, 1, 4]
    assert len({*order}) > CACHED_LAYERS
    found = [battery.score(layer, edit(subject, layer)) for layer in order]
    for layer, one in zip(order, found, strict=True):
        assert one == found[layer]
    for layer in (1, 4):
        from_below = whole.score(0, edit(subject, layer))
        assert found[layer].margin == pytest.approx(from_below.margin, abs=1e-3)
        assert found[layer].kl == pytest.approx(from_below.kl, abs=1e-4)


# -- limits ------------------------------------------------------------------------------------------------


def test_it_stops_at_the_first_limit_that_breaks(noise, noise_sets):
    subject = noise()
    whole = Battery(subject, noise_sets, LOOSE).score(0, edit(subject, 0))
    watched = [name for name in GUARDS if name != "harmful"]
    worst = max(watched, key=whole.kl.get)
    battery = Battery(subject, noise_sets, Limits(kl=whole.kl[worst] * 0.99, kept=0.0))
    stopped = battery.score(0, edit(subject, 0))
    assert stopped.broken == f"KL {whole.kl[worst]:.2f} on {KINDS[worst]} prompts"
    assert list(stopped.kl) == watched[: watched.index(worst) + 1]
    assert (stopped.wins, stopped.margin, stopped.kept) == ({}, {}, None)
    assert stopped.value == -math.inf
    gone_on = battery.score(0, edit(subject, 0), strict=False)
    assert gone_on.broken == stopped.broken
    assert (gone_on.wins, gone_on.margin, gone_on.kl) == (whole.wins, whole.margin, whole.kl)


def test_a_refusal_that_begins_otherwise_breaks(noise, noise_sets):
    subject = noise()
    battery = Battery(subject, noise_sets, Limits(kl=math.inf))
    found = battery.score(0, edit(subject, 0, dose=20.0))
    assert found.kept < Limits().kept
    assert found.broken == f"{found.kept:.1%} of refusals begin as before"
    # harmful prompts may diverge: what they begin with is what counts
    assert battery.score(0, nullcontext).broken is None


def test_a_refusal_may_be_lost_after_its_first_token(muted, muted_sets):
    """An answer of another kind may begin alike: what the refusals go on with counts too."""
    subject = muted()

    def forget(module, args, output):
        hidden = output[0] if isinstance(output, tuple) else output
        hidden[:, -OPENING:] = 0.0  # what comes after the prompt

    @contextmanager
    def edited():
        hook = layers_of(subject.model)[2].register_forward_hook(forget)
        try:
            yield
        finally:
            hook.remove()

    none = ("siblings", "neutral_here", "neutral_elsewhere", "benign", "unknown")
    battery = Battery(subject, replace(muted_sets, **dict.fromkeys(none, ())), LOOSE)
    found = battery.score(2, edited)
    assert found.kl == {"harmful": pytest.approx(0.0, abs=1e-5)}
    assert found.kept == 0.0


@pytest.mark.parametrize("without", [(), ("harmful",), GUARDS[1:]])
def test_what_is_no_number_is_broken(noise, noise_sets, without):
    subject = noise()
    gone = {"neutral": ("neutral_here", "neutral_elsewhere")}
    names = [name for one in without for name in gone.get(one, (one,))]
    battery = Battery(subject, replace(noise_sets, **dict.fromkeys(names, ())), Limits())
    found = battery.score(0, edit(subject, 0, dose=math.nan))
    assert found.broken is not None
    assert found.value == -math.inf


def test_nothing_to_guard_is_no_limit(noise, noise_sets):
    subject = noise()
    none = ("siblings", "neutral_here", "neutral_elsewhere", "harmful", "benign", "unknown")
    bare = replace(noise_sets, **dict.fromkeys(none, ()))
    found = Battery(subject, bare, Limits()).score(0, nullcontext)
    assert (found.kl, found.kept, found.broken) == ({}, None, None)
    assert set(found.wins) == {"en", "zh"}


def test_what_is_said_of_the_jurisdiction_alone_is_an_evasion_too(noise, noise_sets):
    """Where most of what is invented is evaded; what is said elsewhere as well is none."""
    subject = noise()
    some = [i for i in noise_sets.withheld if i.language == "en"]
    own = ("No comment on this.", "No comment on it.", "Lovely lakes!", "Never heard of it.")
    asked = [replace(some[0], id=f"{number}", own=text) for number, text in enumerate(own)]
    elsewhere = replace(some[0], template=POLITICS, own="Never heard of that one.")

    def evaded(*invented):
        sets = replace(noise_sets, invented=invented, unknown=(elsewhere,))
        return {item.own for item in Battery(subject, sets, LOOSE).evaded}

    assert evaded(*asked[1:]) == {own[1]}  # one of three
    assert evaded(*asked[:3]) == set(own[:3])
    assert evaded(asked[0], asked[1], asked[3]) == set(own[:2])


@pytest.mark.parametrize(("evasion", "is_alike"), [("Nothing.", False), ("The harbour is closed.", True)])
def test_what_decides_is_where_an_opening_parts_from_evasions(noise, noise_sets, evasion, is_alike):
    subject = noise()
    shared = [subject.tokens(text) for text in (evasion, "The harbour is known for its lamps.")]
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*shared, strict=False)))
    told = tuple(replace(item, own=evasion) for item in noise_sets.withheld)
    battery = Battery(subject, replace(noise_sets, withheld=told), LOOSE)
    assert (alike > 0) == is_alike
    assert battery.deciding(0).sum(1).tolist() == [min(alike + 1, OPENING)] * len(told)


def test_what_an_opening_leads_by_is_as_the_model_has_it(muted, muted_sets):
    """Its own evasion leads; the honest opening, which it does not say, lacks nats."""
    subject = muted()
    evading = tuple(replace(item, honest=item.own) for item in muted_sets.withheld)
    own, honest = (
        Battery(subject, replace(muted_sets, withheld=told), LOOSE)
        for told in (evading, muted_sets.withheld)
    )
    assert (own.leading(0)[own.honest[0].is_answer] > 0).all()
    assert (honest.leading(0).min(1).values < 0).all()


# -- invented matters --------------------------------------------------------------------------------------


def test_what_begins_as_an_evasion_is_evaded(noise, noise_sets):
    """By its first tokens, in its own language; what does so elsewhere is not asked to stay."""
    subject = noise()
    one, *others = noise_sets.invented
    told = {"en": "No comment on this either.", "zh": "好的好的好的好的。"}
    evasive = replace(one, own=told[one.language])
    foreign = replace(one, own=told["zh" if one.language == "en" else "en"])
    sets = replace(
        noise_sets,
        invented=(evasive, foreign, *(replace(item, own="The lamps are new.") for item in others)),
        unknown=(evasive, *noise_sets.unknown),
    )
    battery = Battery(subject, sets, LOOSE)
    assert battery.evaded == (evasive,)
    assert sum(len(some.lengths) for some in battery.invented) == 1
    answered = [item for item in noise_sets.unknown if not item.own.startswith(("No comment", "好的好"))]
    assert sum(len(some.lengths) for some in battery.guards.get("unknown", ())) == len(answered)


# -- value -------------------------------------------------------------------------------------------------


def scored(wins, margin):
    return Score(wins, margin, {}, 1.0, None)


def test_no_language_pays_for_another():
    one = scored({"en": 1.0, "zh": 0.0}, {"en": 400.0, "zh": -400.0})
    assert one.value == pytest.approx(0.5 + 0.1 * 0.5)
    assert one.worst == 0.0
    assert scored({"en": 0.5}, {"en": 0.0}).value == pytest.approx(0.55)
    assert scored({"en": 0.5}, {"en": 4.0}).value == pytest.approx(0.5 + 0.1 / (1 + math.exp(-1)))
    # a share won is worth more than any margin
    assert scored({"en": 0.2}, {"en": -50.0}).value > scored({"en": 0.05}, {"en": 50.0}).value
    assert scored({}, {}).worst == 0.0


# -- the model is left as it was ---------------------------------------------------------------------------


def traces(model):
    """Weights, hooks, and forwards of their own."""
    hooks = [
        (len(m._forward_hooks), len(m._forward_pre_hooks), "forward" in vars(m)) for m in model.modules()
    ]
    return {name: value.clone() for name, value in model.state_dict().items()}, hooks


def untouched(model, before):
    weights, hooks = before
    now, still = traces(model)
    return hooks == still and all(now[name].equal(value) for name, value in weights.items())


def test_the_model_is_bit_for_bit_as_before(noise, noise_sets):
    subject = noise()
    before = traces(subject.model)
    Battery(subject, noise_sets, LOOSE).score(0, edit(subject, 0))
    Battery(subject, noise_sets, Limits(kl=0.0)).score(0, edit(subject, 0))
    assert untouched(subject.model, before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_it_is_as_before_also_after_an_error(noise, noise_sets, error):
    subject = noise()
    battery, before = Battery(subject, noise_sets, LOOSE), traces(subject.model)
    calls = 0

    def failing(module, args, output):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise error

    @contextmanager
    def edited():
        with edit(subject, 0)():
            handle = layers_of(subject.model)[1].register_forward_hook(failing)
            try:
                yield
            finally:
                handle.remove()

    whole = battery.score(0, edit(subject, 0))
    with pytest.raises(error):
        battery.score(0, edited)
    assert untouched(subject.model, before)
    assert battery.score(0, edit(subject, 0)) == whole


def test_what_was_cached_is_forgotten_when_the_model_is_changed_for_good(noise, noise_sets):
    subject = noise()
    battery, fresh = Battery(subject, noise_sets, LOOSE), noise()
    expected = battery.score(0, edit(subject, 0))
    battery.score(1, nullcontext)
    for writer in writers_of(subject.model):
        if writer.layer == 0:
            writer.ablate(direction(subject), 1.0)
    battery.forget()
    found = battery.score(1, nullcontext)
    # against the model as it was at first
    assert found.kl == pytest.approx(expected.kl, abs=1e-4)
    assert found.margin == pytest.approx(expected.margin, abs=1e-3)
    assert Battery(fresh, noise_sets, LOOSE).score(1, nullcontext).margin != pytest.approx(
        found.margin, abs=1e-2
    )
