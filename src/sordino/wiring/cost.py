"""What asking a server takes, before and after: what `spending` counts and people are told."""

from dataclasses import asdict, dataclass

from sordino.wiring.prices import NOTHING, Tokens


@dataclass(frozen=True, slots=True)
class Cost:
    """tokens: estimated before it is done, as the server states them afterwards.

    estimated: of how many answers they had to be estimated even so. sendings: each request may need
    several. broken: sendings that ended in the middle of an answer, of which nobody is told what they took;
    broken_tokens: what that is estimated at, which is in `tokens` too. unanswered: requests on the way when
    the asking ended. lost: the most requests of which a process that died has left no trace. money: None
    where no price is known. notes: what there is to say of it besides, each a sentence.
    """

    requests: int
    tokens: Tokens
    estimated: int = 0
    money: float | None = None
    currency: str = ""
    sendings: int = 0
    broken: int = 0
    broken_tokens: Tokens = NOTHING
    unanswered: int = 0
    lost: int = 0
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        sent = f" in {self.sendings:,} sendings" if self.sendings > self.requests else ""
        money = "" if self.money is None else f", {self.money:,.4f} {self.currency}"
        return (
            f"{self.requests:,} requests{sent}, {self.tokens.prompt:,} tokens in, "
            f"{self.tokens.completion:,} out{self._guessed}{money}{self._unknown}"
        )

    def to_json(self) -> dict[str, object]:
        """As plain JSON values."""
        return asdict(self)

    @property
    def _guessed(self) -> str:
        told = []
        if self.estimated:
            told.append(f"{self.estimated:,} of them estimated: the server stated none")
        if self.broken:
            taken = self.broken_tokens
            told.append(
                f"of these {taken.prompt:,} in and {taken.completion:,} out estimated for "
                f"{self.broken:,} sendings that broke off"
            )
        return f" ({'; '.join(told)})" if told else ""

    @property
    def _unknown(self) -> str:
        told = ""
        if self.unanswered:
            told += f", and what {self.unanswered:,} took that were still on the way"
        if self.lost:
            told += f", and up to {self.lost:,} that were lost with the process"
        return told
