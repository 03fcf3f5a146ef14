"""Where archspec and torch differ on purpose: the calls that torch runs and archspec refuses.

One entry per reason, for the declarations it names and the calls it describes, no more: a test
draws, for each declaration of each entry, a call that only this entry excuses. Nothing else may be
refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from archspec.layers import registry
from tests.layers.case import Case

#: Every layer, every function.
LAYERS, FUNCTIONS = "[A-Z]*", "[a-z]*"
_NAMES = (*registry.layers(), *registry.functions())


@dataclass(frozen=True, slots=True)
class Entry:
    """The calls of `names` for which `applies` is true may be refused, because of `reason`."""

    reason: str
    names: str
    applies: Callable[[str, Case], bool]

    def covers(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.names.split())

    def declarations(self) -> list[str]:
        return [name for name in _NAMES if self.covers(name)]


def _kinds(case: Case) -> set[str]:
    return {x.dtype for x in case.tensors if x.shape is not None}


def _ranks(case: Case) -> list[int]:
    return [len(x.shape) for x in case.tensors if x.shape is not None]


def _items(value: object) -> list[object]:
    if isinstance(value, list | tuple):
        return [item for part in value for item in _items(part)]
    return [value]


def _least(case: Case, *names: str) -> float:
    """The smallest number in the arguments, or in those of `names`."""
    given = [v for k, v in case.arguments.items() if not names or k in names]
    return min((n for n in _items(given) if isinstance(n, int | float)), default=1)


def _axes(name: str) -> int:
    """The spatial axes that a layer's name speaks of."""
    return int(name[-2])


def _parts(case: Case, dim: int) -> tuple[int, int]:
    """The length of the axis that `chunk` divides, and the number of chunks."""
    shape = case.tensors[0].sizes
    return (shape[dim] if -len(shape) <= dim < len(shape) else 1), case.arguments["chunks"]


def _unequal_chunks(name: str, case: Case) -> bool:
    size, chunks = _parts(case, case.arguments.get("dim", 0))
    return chunks > 0 and size % chunks != 0


def _bounds(case: Case) -> tuple[int, int, int]:
    """Where a range begins and ends, and its step."""
    a = case.arguments
    start, end = (0, a["start"]) if "end" not in a else (a.get("start", 0), a["end"])
    return start, end, a.get("step", 1)


def _not_one(name: str, case: Case) -> bool:
    """Whether some axis to be squeezed away is longer than 1."""
    shape = case.tensors[0].sizes
    dims = [d for d in _items(case.arguments["dim"]) if isinstance(d, int)]
    return any(shape[d] != 1 for d in dims if -len(shape) <= d < len(shape))


LEDGER: tuple[Entry, ...] = (
    Entry(
        "a tensor without dimensions has no axis 0 or -1",
        "Flatten LogSoftmax Softmax Softmin all amax amin any argmax argmin cosine_similarity "
        "cumprod cumsum flatten log_softmax max mean min norm normalize softmax std sum var",
        lambda name, case: 0 in _ranks(case),
    ),
    # --- layers -------------------------------------------------------------------------------
    Entry(
        "images without a batch dimension: a missing dimension is far more often a mistake",
        "*Pool?d *Pad?d UpsamplingNearest2d "
        "Conv?d ConvTranspose?d Dropout?d InstanceNorm?d Softmax2d",
        lambda name, case: _ranks(case)[0] != _axes(name) + 2,
    ),
    Entry(
        "attention without a batch dimension",
        "MultiheadAttention Transformer*",
        lambda name, case: _ranks(case)[0] == 2,
    ),
    Entry(
        "patches without a batch dimension",
        "Fold Unfold",
        lambda name, case: _ranks(case)[0] == (2 if name == "Fold" else 3),
    ),
    Entry(
        "a sequence without a batch dimension",
        "RNN LSTM GRU RNNCell LSTMCell GRUCell",
        lambda name, case: _ranks(case)[0] == (1 if name.endswith("Cell") else 2),
    ),
    Entry(
        "a dropout that never acts, as there is one layer: torch only warns",
        "RNN LSTM GRU",
        lambda name, case: (
            bool(case.arguments.get("dropout")) and case.arguments.get("num_layers", 1) == 1
        ),
    ),
    Entry(
        "arguments of another type than the documented one, e.g. a bool for a number",
        LAYERS,
        lambda name, case: case.corrupted is not None,
    ),
    Entry(
        "integers and bools where features are meant: some layers of torch refuse them, some "
        "turn them into floats, and the two differ between devices",
        LAYERS,
        lambda name, case: not _kinds(case) <= {"float"},
    ),
    Entry(
        "an eps of 0: evaluation runs, training cannot",
        "BatchNorm?d SyncBatchNorm",
        lambda name, case: case.arguments.get("eps") == 0,
    ),
    Entry("a negative eps", "LayerNorm RMSNorm", lambda name, case: _least(case, "eps") < 0),
    Entry(
        "negative padding crops; offered for zeros and constants, and at least one element stays",
        "*Pad?d",
        lambda name, case: _least(case, "padding") < 0,
    ),
    Entry(
        "more paddings than the layer's name has axes",
        "CircularPad[12]d ConstantPad?d ReflectionPad[12]d ReplicationPad[12]d ZeroPad?d",
        lambda name, case: len(_items(case.arguments["padding"])) > 2 * _axes(name),
    ),
    Entry(
        "paddings for more axes than there are, which torch overlooks in other modes than zeros",
        "Conv1d Conv2d",
        lambda name, case: (
            case.arguments.get("padding_mode", "zeros") != "zeros"
            and len(_items(case.arguments.get("padding", ()))) > _axes(name)
        ),
    ),
    Entry(
        "no channels to drop: torch looks only where p > 0",
        "FeatureAlphaDropout",
        lambda name, case: _ranks(case)[0] < 2,
    ),
    # --- functions ----------------------------------------------------------------------------
    Entry(
        "tensors of several dtypes: torch promotes without a word",
        FUNCTIONS,
        lambda name, case: len(_kinds(case)) > 1,
    ),
    Entry(
        "bools are no numbers: cast them first",
        "add mul div floor_divide remainder pow eq ne lt le gt ge maximum minimum max min sign "
        "square clamp amax amin cumsum cumprod where masked_fill exp expm1 log log1p log2 sqrt "
        "rsqrt reciprocal sin cos erf sigmoid tanh tan asin acos atan sinh cosh erfc exp2 "
        "log10 isnan isinf isfinite diff",
        lambda name, case: "bool" in _kinds(case),
    ),
    Entry(
        "ints or bools where a function is meant for floats: torch takes them on some devices only",
        "fft ifft rfft irfft fft2 ifft2 rfft2 irfft2 "
        "einsum hardtanh logsumexp matmul pad relu relu6 softsign tanhshrink threshold",
        lambda name, case: bool({"int", "bool"} & _kinds(case)),
    ),
    Entry(
        "real numbers, which have no parts",
        "real angle conj",
        lambda name, case: "complex64" not in _kinds(case),
    ),
    Entry(
        "logic on numbers: compare them first",
        "logical_and logical_or logical_not any all",
        lambda name, case: bool({"int", "float"} & _kinds(case)),
    ),
    Entry(
        "an empty `dim` means all axes to some functions and none to others",
        "sum mean amax amin max min any all var std norm logsumexp",
        lambda name, case: case.arguments.get("dim") in ((), []),
    ),
    Entry(
        "a shrinkage by less than nothing",
        "hardshrink",
        lambda name, case: _least(case, "lambd") < 0,
    ),
    Entry("chunks of unequal sizes, or fewer than asked for", "chunk", _unequal_chunks),
    Entry(
        "parts without elements",
        "split",
        lambda name, case: _least(case, "split_size_or_sections") < 1,
    ),
    Entry(
        "slices that torch cuts at the ends, or that take nothing",
        "index",
        lambda name, case: any(isinstance(item, slice) for item in case.arguments["items"]),
    ),
    Entry("an axis that is not 1 stays as it is in torch; here it is a fault", "squeeze", _not_one),
    Entry(
        "tensors without elements",
        "expand repeat zeros ones full eye narrow linspace repeat_interleave",
        lambda name, case: 0 in _items(list(case.arguments.values())),
    ),
    Entry("a range backwards", "arange", lambda name, case: _least(case, "step") < 0),
    Entry(
        "an empty range, as the end lies before the start",
        "arange",
        lambda name, case: (
            bool({"start", "end"} & case.arguments.keys())
            and _bounds(case)[2] != 0
            and len(range(*_bounds(case))) == 0
        ),
    ),
    Entry(
        "a size of 1 that torch stretches to the other tensor's",
        "einsum scaled_dot_product_attention",
        lambda name, case: any(1 in x.sizes for x in case.tensors),
    ),
    Entry(
        "an image without a batch axis, as no layer takes it either",
        "pad",
        lambda name, case: _ranks(case)[0] == len(case.arguments["pad"]) // 2 + 1,
    ),
    Entry("a cut that leaves nothing", "pad", lambda name, case: _least(case, "pad") < 0),
    Entry(
        "a mask without an axis of queries, which only some of torch's kernels take",
        "scaled_dot_product_attention",
        lambda name, case: len(case.tensors) > 3 and _ranks(case)[3] < 2,
    ),
    Entry(
        "a value that the mode makes no use of",
        "pad",
        lambda name, case: case.arguments.get("value") is not None and "mode" in case.arguments,
    ),
    Entry("a padding of no axis", "pad", lambda name, case: len(case.arguments["pad"]) == 0),
    Entry(
        "one axis named twice", "roll", lambda name, case: len(_items(case.arguments["dims"])) > 1
    ),
    Entry("no element at all", "topk", lambda name, case: case.arguments["k"] == 0),
    Entry(
        "differences of a single element: none",
        "diff",
        lambda name, case: 1 in case.tensors[0].sizes,
    ),
    Entry("windows without elements", "unfold", lambda name, case: case.arguments["size"] == 0),
    Entry(
        "a second `...`, which stands for nothing",
        "index",
        lambda name, case: case.arguments["items"].count(...) > 1,
    ),
    Entry(
        "images without elements, which only this mode makes",
        "interpolate",
        lambda name, case: case.arguments.get("mode") == "area",
    ),
)


def excuses(name: str, case: Case) -> list[Entry]:
    """The entries that allow archspec to refuse a call that torch runs."""
    return [entry for entry in LEDGER if entry.covers(name) and entry.applies(name, case)]


# --- differences of another kind ---------------------------------------------------------------


def empty(shape: tuple[int, ...]) -> bool:
    """An output without elements, which torch may give, counts as refused: it is of no use."""
    return 0 in shape


def trains_only_with_more(name: str) -> bool:
    """Batch norm refuses one value per channel in training, which depends on the batch at hand.

    A checked model may well be evaluated with a batch of one, so it is not an error in the spec.
    """
    return name.startswith(("BatchNorm", "SyncBatchNorm"))


def macs_not_counted(name: str) -> bool:
    """Where FlopCounterMode counts nothing, as it does not know the operator."""
    return name == "Bilinear"
