"""A tiny Llama-like model in a Hugging Face folder, with grouped queries and tied embeddings."""

import json

import numpy as np
import pytest

CONFIG = {
    "model_type": "llama", "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3,
    "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 300, "rope_theta": 1e4,
    "rms_norm_eps": 1e-5, "tie_word_embeddings": True, "max_position_embeddings": 256, "eos_token_id": 0,
}  # fmt: skip
_SHAPES = {
    "self_attn.q_proj": (48, 48), "self_attn.k_proj": (16, 48), "self_attn.v_proj": (16, 48),
    "self_attn.o_proj": (48, 48), "mlp.gate_proj": (96, 48), "mlp.up_proj": (96, 48), "mlp.down_proj": (48, 96),
}  # fmt: skip
TEXT = " ".join(
    f"the {n}th pump waters bed {n % 7} while valve {n % 5} stays shut." for n in range(900)
)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Return the folder; skips by name where torch or tokenizers are missing."""
    pytest.importorskip("torch", reason="torch is not installed: it is for pruning and training")
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    from cloud_proxy.pruning import tensors

    folder = tmp_path_factory.mktemp("tiny")
    rng = np.random.default_rng(8)
    weights = {
        "model.embed_tokens.weight": rng.normal(size=(300, 48)),
        "model.norm.weight": np.ones(48),
    }
    for n in range(CONFIG["num_hidden_layers"]):
        for name, shape in _SHAPES.items():
            scale = (0.5 + n) / np.sqrt(shape[1])
            weights[f"model.layers.{n}.{name}.weight"] = rng.normal(size=shape) * scale
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"model.layers.{n}.{name}.weight"] = rng.uniform(0.5, 1.5, size=48)
    tensors.write(
        folder / "model.safetensors", {k: v.astype("<f4") for k, v in weights.items()}, {}
    )
    (folder / "config.json").write_text(json.dumps(CONFIG))
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<end>"], show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    made.train_from_iterator([TEXT], trainer)
    made.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Torch on one thread: several would only wait for each other beside other tests."""
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)
