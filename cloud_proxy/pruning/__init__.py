"""Make models smaller: scores, sparsity allocation, INT4, the packed file.

numpy alone: scores, masks, lsa, allocation, quantise, packed, tensors, folders. With torch:
gradual, edge, llama, sources, measure, engine, reconstruct, probe, generate, serve. Nothing is
imported here, so that `limpet-proxy` starts quickly. See docs/pruning.md.
"""
