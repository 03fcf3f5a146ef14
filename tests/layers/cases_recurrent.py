"""Calls of recurrent layers and cells."""

from tests.layers.case import Case, T
from tests.layers.layer_cases import Build, Maker


def recurrent(kind: str) -> Build:
    """RNN, LSTM and GRU; `kind` decides which arguments and states they take."""

    def build(m: Maker) -> Case:
        first, hidden, layers = m.pick(True, False), m.number(1, 4), m.pick(1, 1, 2, 3)
        m.arguments |= {"hidden_size": hidden, "batch_first": first}
        if layers > 1:
            m.arguments["num_layers"] = layers
        m.maybe("dropout", lambda: m.pick(0, 0.5, 0.0, 1, 1.5), 25)
        m.flag("bias")
        m.flag("bidirectional", 50)
        out = hidden
        if kind == "LSTM":
            m.maybe("proj_size", lambda: m.number(0, 3), 30)
            out = m.arguments.get("proj_size") or hidden
        if kind == "RNN":
            m.maybe("nonlinearity", lambda: m.pick("tanh", "relu", "relu", "sigmoid"))
        batch, time = m.number(1, 3), m.number(1, 3)
        shape = (batch, time, m.number(1, 4)) if first else (time, batch, m.number(1, 4))
        inputs = [T(shape[1:] if m.chance(5) else shape, m.dtype(5))]
        count = layers * (2 if m.arguments.get("bidirectional") else 1)
        if m.chance(50):
            inputs.append(state(m, count, batch, out, drop=3))
            if kind == "LSTM" and m.chance(93):
                inputs.append(state(m, count, batch, hidden, drop=3))
        return m.done(*inputs)

    return build


def state(m: Maker, *sizes: int, drop: int = 0) -> T:
    """Sizes that are wrong now and then, and in `drop` percent one too few."""
    shape = list(sizes)
    if m.chance(12):
        shape[m.number(0, len(shape) - 1)] = m.number(1, 4)
    return T(tuple(shape[1:] if m.chance(drop) else shape), m.dtype(4))


def cell(kind: str) -> Build:
    def build(m: Maker) -> Case:
        hidden, batch = m.number(1, 4), m.number(1, 3)
        m.arguments["hidden_size"] = hidden
        m.flag("bias")
        if kind == "RNNCell":
            m.maybe("nonlinearity", lambda: m.pick("tanh", "relu", "sigmoid"))
        # All with the batch or all without: torch ends the process on a mixture.
        lead = (batch,) if m.chance(88) else ()
        inputs = [T((*lead, m.number(1, 4)), m.dtype(10))]
        if m.chance(60):
            inputs.append(state(m, *lead, hidden))
            if kind == "LSTMCell" and m.chance(90):
                inputs.append(state(m, *lead, hidden))
        return m.done(*inputs)

    return build


CASES: dict[str, Build] = {
    **{kind: recurrent(kind) for kind in ("RNN", "LSTM", "GRU")},
    **{kind: cell(kind) for kind in ("RNNCell", "LSTMCell", "GRUCell")},
}
