"""A GGUF file of a model is the same model as its Hugging Face folder."""

import json

import pytest

pytest.importorskip("torch", reason="torch is not installed: it is for pruning and training")
gguf = pytest.importorskip("gguf", reason="gguf is not installed: it is for reading GGUF files")

import torch  # noqa: E402

from cloud_proxy.errors import UserError  # noqa: E402
from cloud_proxy.pruning import measure, sources  # noqa: E402
from cloud_proxy.pruning.tensors import TensorFile  # noqa: E402


def written(tiny, path, arch="llama"):
    """Write the tiny model as llama.cpp's converter does: rotations of neighbours, not of halves."""
    config = json.loads((tiny / "config.json").read_text())
    tokenizer = json.loads((tiny / "tokenizer.json").read_text())["model"]
    file = TensorFile(tiny / "model.safetensors")
    out = gguf.GGUFWriter(path, arch)
    out.add_embedding_length(config["hidden_size"])
    out.add_feed_forward_length(config["intermediate_size"])
    out.add_block_count(config["num_hidden_layers"])
    out.add_head_count(config["num_attention_heads"])
    out.add_head_count_kv(config["num_key_value_heads"])
    out.add_rope_freq_base(config["rope_theta"])
    out.add_layer_norm_rms_eps(config["rms_norm_eps"])
    out.add_context_length(config["max_position_embeddings"])
    out.add_tokenizer_model("gpt2")
    vocabulary = sorted(tokenizer["vocab"], key=tokenizer["vocab"].__getitem__)
    vocabulary += [f"<unused{n}>" for n in range(config["vocab_size"] - len(vocabulary))]
    out.add_token_list(vocabulary)
    out.add_token_types([3] + [1] * (len(vocabulary) - 1))
    out.add_token_merges([" ".join(pair) for pair in tokenizer["merges"]])
    out.add_eos_token_id(0)
    names = {ours: theirs for theirs, ours in sources._GGUF_LAYER.items()}
    for name in file:
        array, parts = file[name], name.removesuffix(".weight").split(".")
        if parts[1] == "layers":
            theirs = names[".".join(parts[3:])]
            if theirs in ("attn_q", "attn_k"):
                heads = config[
                    "num_attention_heads" if theirs == "attn_q" else "num_key_value_heads"
                ]
                array = (
                    array.reshape(heads, 2, -1, array.shape[1]).swapaxes(1, 2).reshape(array.shape)
                )
            name = f"blk.{parts[2]}.{theirs}.weight"
        else:
            name = {"embed_tokens": "token_embd", "norm": "output_norm"}[parts[1]] + ".weight"
        out.add_tensor(name, array.copy())
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def test_it_says_and_reads_the_same(tiny, text, tmp_path):
    written(tiny, tmp_path / "tiny.gguf")
    ours, theirs = sources.open_model(str(tiny)), sources.open_model(str(tmp_path / "tiny.gguf"))
    assert theirs.config.layers == ours.config.layers and theirs.config.tied
    ids = torch.arange(60).view(2, 30)
    before, after = (measure.perplexity(model, ids, lambda *_: None) for model in (ours, theirs))
    assert after == pytest.approx(before, rel=1e-4)
    said = text.read_text()[:300]
    # SmolLM2's tokenizer keeps digits apart, so a text without any is the same for both.
    said = "".join(c for c in said if not c.isdigit())
    assert theirs.tokenizer().encode(said).ids == ours.tokenizer().encode(said).ids
    assert theirs.tokenizer().decode(theirs.tokenizer().encode("a 17").ids) == "a 17"


def test_another_architecture_is_refused_by_name(tiny, tmp_path):
    written(tiny, tmp_path / "tiny.gguf", arch="gemma")
    with pytest.raises(UserError, match="gemma"):
        sources.open_model(str(tmp_path / "tiny.gguf"))
