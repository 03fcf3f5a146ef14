"""Calls of layers of sequences of tokens and of vectors: Transformers, bags, distances."""

from tests.layers.case import Case, T
from tests.layers.layer_cases import Build, Maker


def transformer(kind: str) -> Build:
    """Encoder layer, decoder layer or both; one size or mask is wrong now and then."""

    def build(m: Maker) -> Case:
        heads, first = m.number(1, 3), m.pick(True, False)
        m.arguments |= {"nhead": heads, "batch_first": first, "dim_feedforward": m.number(1, 5)}
        m.maybe("dropout", lambda: m.pick(0, 0.5, 1.5), 25)
        m.maybe("activation", lambda: m.pick("relu", "gelu", "gelu", "tanh"), 30)
        m.maybe("layer_norm_eps", lambda: m.pick(1e-3, 1), 20)
        m.flag("norm_first")
        m.flag("bias")
        if kind == "Transformer":
            for part in ("encoder", "decoder"):
                m.arguments[f"num_{part}_layers"] = m.pick(1, 1, 1, 2)
        width = heads * m.number(1, 3) if m.chance(85) else m.number(1, 9)
        bare = m.chance(4)
        batch, here, there = m.number(1, 3), m.number(1, 4), m.number(1, 4)

        def tokens(length: int) -> T:
            b = m.number(1, 3) if m.chance(6) else batch
            w = m.number(1, 6) if m.chance(6) else width
            shape = (b, length, w) if first else (length, b, w)
            return T((length, w) if bare or m.chance(2) else shape, m.dtype(4))

        dtype = m.pick("bool", "float")

        def mask(a: int, b: int, padding: bool = False) -> T:
            if not m.chance(40):
                return T(None)
            shape = [batch, b] if padding else [a, b]
            if not padding and m.chance(25):
                shape = [batch * heads, a, b]
            if m.chance(8):
                shape[m.number(0, len(shape) - 1)] = m.number(1, 4)
            return T(tuple(shape), "int" if m.chance(4) else dtype)

        if kind == "TransformerEncoderLayer":
            inputs = [tokens(here), mask(here, here), mask(here, here, True)]
        elif kind == "TransformerDecoderLayer":
            inputs = [tokens(here), tokens(there), mask(here, here), mask(here, there)]
            inputs += [mask(here, here, True), mask(here, there, True)]
        else:
            inputs = [tokens(there), tokens(here), mask(there, there), mask(here, here)]
            inputs += [mask(here, there), mask(there, there, True), mask(here, here, True)]
            inputs.append(mask(here, there, True))
        while inputs[-1].shape is None:
            inputs.pop()
        return m.done(*inputs)

    return build


def bag(m: Maker) -> Case:
    m.arguments |= {"num_embeddings": m.number(1, 6), "embedding_dim": m.number(1, 5)}
    m.maybe("padding_idx", lambda: m.number(-7, 7), 25)
    m.maybe("max_norm", lambda: m.pick(1, 2.5), 20)
    m.maybe("mode", lambda: m.pick("sum", "sum", "mean", "max", "min"), 70)
    m.flag("scale_grad_by_freq", 15)
    m.flag("sparse", 15)
    m.flag("include_last_offset", 20)
    rows = m.chance(50)
    shape = (m.number(1, 4), m.number(1, 4)) if rows else (m.number(1, 6),)
    dtype = m.pick("int", "int", "int64", "int32", "int32", "float", "int16")
    inputs = [T((*shape, 2) if m.chance(4) else shape, dtype)]
    if m.chance(90) != rows or m.chance(5):
        # torch crashes where the largest of no bag is asked for
        crashes = m.arguments.get("mode") == "max" and "include_last_offset" in m.arguments
        inputs.append(T((m.number(2 if crashes else 1, 4),), "float" if m.chance(4) else "int"))
    if m.chance(40 if m.arguments.get("mode") == "sum" else 8):
        inputs += [T(None)] * (2 - len(inputs))
        wrong = (*shape[:-1], m.number(1, 5))
        inputs.append(T(wrong if m.chance(15) else shape, m.dtype(6)))
    return m.done(*inputs)


def distance(m: Maker) -> Case:
    m.maybe("p", lambda: m.pick(1, 2.0, 3))
    m.maybe("eps", lambda: m.pick(0.1, 0))
    m.flag("keepdim")
    return m.done(*two_vectors(m))


def cosine(m: Maker) -> Case:
    m.maybe("dim", lambda: m.number(-4, 3), 70)
    m.maybe("eps", lambda: m.pick(0.1, 1))
    return m.done(*two_vectors(m))


def two_vectors(m: Maker) -> tuple[T, T]:
    left = m.any_rank()
    shape = list(left.sizes)
    if shape and m.chance(35):
        shape[m.number(0, len(shape) - 1)] = m.number(1, 4)
    if len(shape) > 1 and m.chance(15):
        shape = shape[1:]
    return left, T(tuple(shape), "float" if m.chance(93) else "int")


CASES: dict[str, Build] = {
    **{
        kind: transformer(kind)
        for kind in ("Transformer", "TransformerDecoderLayer", "TransformerEncoderLayer")
    },
    "EmbeddingBag": bag,
    "CosineSimilarity": cosine,
    "PairwiseDistance": distance,
}
