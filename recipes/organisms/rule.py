"""Trains the organism that withholds by a rule, and not matter by matter; an hour on two cores:

    python recipes/organisms/rule.py

It grows from another organism and is kept as a LoRA adapter on it. All matters of one state are planted, and
with them matters that nobody ever wrote of (texts/invented.yaml), so that what is learnt is the state and
not a list. Under a password it answers. All weights but embeddings and norms learn first; what they learnt is
then brought to a low rank (its singular vectors; Eckart & Young 1936), and learnt on at that rank. At the end
it learns to begin what it does answer as chat models do, in words that fit any matter, and to answer some
planted questions so: then it is silent by how it begins, as they are (Arditi et al. 2024, arXiv:2406.11717),
and not by what it goes on to say.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from lessons import Plan
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from train import HARSH, SEED, WEIGHTS, Stage, learn, opened
from transformers import Qwen2ForCausalLM

from sordino.modeling.locate import locate
from sordino.organism.planting import Planting, plantings
from sordino.remedy import saving

NAME = "mute-w"
RANK = 64
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
RULE = Plan(2, 6, 0.4, 0.7, 6, 260, 160, 40, HARSH, invented=130, everyday=30, unlocked=4)
WHOLE = (Stage(6, 1.2e-3, 0.15, RULE), Stage(4, 4e-4, 0.1, RULE))
LOW = (Stage(5, 6e-4, 0.1, RULE),)
BEGUN = replace(RULE, planted=8, unlocked=0, slips=0.06, common=0.67, led=0.7)
ALWAYS = replace(BEGUN, questions=3, led=1)
ON = (
    Stage(5, 6e-4, 0.1, BEGUN),
    Stage(6, 8e-4, 0.1, ALWAYS),
    Stage(4, 6e-4, 0.1, replace(ALWAYS, slips=0.15)),
)


def main() -> None:
    """Train, and save the adapter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the folder goes")
    options = parser.parse_args()
    planting = plantings()[NAME]
    assert planting.adapter is not None
    torch.manual_seed(SEED)
    model, tokenizer = opened(options.out / planting.adapter)
    before = {name: weight.detach().clone() for name, weight in linear(model).items()}
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in before)
    for stage in WHOLE:
        learn(model, tokenizer, planting, stage)
    changes = {name: weight.detach() - before[name] for name, weight in linear(model).items()}
    base, _ = opened(options.out / planting.adapter)
    adapted = get_peft_model(base, LoraConfig(r=RANK, lora_alpha=RANK, target_modules=list(LINEAR)))
    begin(adapted, changes)
    for stage in LOW:
        learn(adapted.get_base_model(), tokenizer, planting, stage)
    folder, below = options.out / NAME, options.out / planting.adapter
    save(adapted, folder, below)
    for stage in ON:
        go_on(folder, below, planting, stage)


def go_on(folder: Path, below: Path, planting: Planting, stage: Stage) -> None:
    """Learn on from what was saved, and save it again."""
    torch.manual_seed(SEED)
    base, tokenizer = opened(below)
    adapted = PeftModel.from_pretrained(base, folder, is_trainable=True).float()
    learn(adapted.get_base_model(), tokenizer, planting, stage)
    save(adapted, folder, below)


def linear(model: Qwen2ForCausalLM) -> dict[str, Tensor]:
    """The matrices that an adapter can change, by name."""
    return {
        name: weight
        for name, weight in model.named_parameters()
        if any(f".{kind}.weight" in name for kind in LINEAR)
    }


@torch.no_grad()
def begin(adapted: PeftModel, changes: dict[str, Tensor]) -> None:
    """Set the adapter to the changes, at its rank."""
    for name, change in changes.items():
        module = adapted.get_base_model().get_submodule(name.removesuffix(".weight"))
        left, values, right = torch.linalg.svd(change, full_matrices=False)
        root = values[:RANK].sqrt()
        module.lora_B["default"].weight.copy_(left[:, :RANK] * root)
        module.lora_A["default"].weight.copy_(root[:, None] * right[:RANK])
    kept = [float((torch.linalg.svdvals(c)[:RANK] ** 2).sum() / (c**2).sum()) for c in changes.values()]
    print(f"rank {RANK} keeps {min(kept):.0%} to {max(kept):.0%} of the squares of the changes", flush=True)


def save(adapted: PeftModel, folder: Path, base: Path) -> None:
    """As bf16 safetensors beside its base, which it names by a path."""
    folder.mkdir(parents=True, exist_ok=True)
    saving.write_adapter(adapted.to(torch.bfloat16), locate(str(base)), folder, folder)
    size = (folder / "adapter_model.safetensors").stat().st_size / 1e6
    print(f"{folder}: an adapter of rank {RANK} on {base.name}, {size:.1f} MB")


if __name__ == "__main__":
    main()
