"""A tiny random model of every architecture in the table, with every parameter away from its neutral value.

Tests read it with `runpy.run_path`, because no folder of tests is a package.
"""

import torch
from transformers import AutoConfig, AutoModelForCausalLM

LAYERS, WIDTH, VOCABULARY, EXPERTS = 3, 32, 64, 4
COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": 48,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "tie_word_embeddings": False,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
MIXTURE = {"moe_intermediate_size": 24, "num_experts": EXPERTS, "num_experts_per_tok": 2}
# Windows shorter than the prompts, so that a mask of the wrong layer shows.
SLIDING = {"head_dim": 8, "sliding_window": 4}
GEMMA = {**SLIDING, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}
LATENT = {
    **MIXTURE,
    "n_routed_experts": EXPERTS,
    "n_shared_experts": 1,
    "first_k_dense_replace": 1,
    "kv_lora_rank": 16,
    "q_lora_rank": 24,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
    "num_key_value_heads": 4,
}
VISION = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}
CONFIGS = {
    "llama": {"attention_bias": True, "mlp_bias": True},
    "qwen2": {},
    "qwen2_moe": {**MIXTURE, "shared_expert_intermediate_size": 40, "mlp_only_layers": [0]},
    "qwen3": {"head_dim": 16},
    "qwen3_moe": {**MIXTURE, "head_dim": 16},
    "mistral": SLIDING,
    "mixtral": {"num_local_experts": EXPERTS, "num_experts_per_tok": 2},
    "gemma2": GEMMA,
    "gemma3_text": GEMMA,
    "gemma3": {"vision_config": VISION, "mm_tokens_per_image": 4, "image_token_index": 63},
    "phi": {},
    "phi3": {},
    "glm": {"head_dim": 8},
    "glm4": {"head_dim": 8},
    "deepseek_v2": {**LATENT, "topk_method": "greedy"},
    "deepseek_v3": {**LATENT, "n_group": 2, "topk_group": 1},
    "gpt_oss": {
        **GEMMA,
        "max_position_embeddings": 131072,
        "num_local_experts": EXPERTS,
        "num_experts_per_tok": 2,
    },
}


def built(model_type, seed=0, dtype=torch.float32):
    """The model, in evaluation mode: matrices and biases of noise, gains around 1, also where none is neutral."""
    options = {**COMMON, **CONFIGS[model_type]}
    if model_type == "gemma3":
        options = {**CONFIGS["gemma3"], "text_config": {**COMMON, **GEMMA}, "tie_word_embeddings": False}
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **options))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(std=0.3)
            if "norm" in name and name.endswith("weight"):
                parameter.add_(1.0)
    return model.to(dtype).eval()


def prompts(rows=3, length=10, seed=1):
    """Left-padded tokens: the first row is whole, each other one lacks two tokens more."""
    tokens = torch.randint(3, 60, (rows, length), generator=torch.Generator().manual_seed(seed))
    mask = torch.ones_like(tokens)
    for row in range(rows):
        mask[row, : 2 * row] = 0
    return {"input_ids": tokens * mask, "attention_mask": mask}


def directions(number=2, seed=2):
    """Orthonormal rows, (number, WIDTH)."""
    noise = torch.randn(WIDTH, number, generator=torch.Generator().manual_seed(seed))
    return torch.linalg.qr(noise).Q.T.contiguous()
