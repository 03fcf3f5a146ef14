"""Generated calls of the tensor functions, about half of them invalid, and torch's own answer."""

from collections.abc import Mapping
from typing import Any

from tests.layers import draws as st
from tests.layers.case import Case, Shape, T
from tests.layers.draws import Draw, Gen

SIZES = st.sampled_from((1, 2, 2, 3, 3, 4, 5, 6))
ANY_DTYPE = st.sampled_from(("float", "float", "int", "bool"))
NUMBERS = st.sampled_from((2, 3, -1, 0.5, 2.0))
DIM = st.integers(-4, 3)


def shapes(low: int, high: int) -> Gen[Shape]:
    return st.lists(SIZES, min_size=low, max_size=high).map(tuple)


def tensors(low: int = 0, high: int = 4, dtypes: Gen[str] = ANY_DTYPE) -> Gen[T]:
    return st.builds(T, shapes(low, high), dtypes)


FLOATS = st.sampled_from(("float", "float", "float", "float", "int"))
#: For functions of which nothing but the dtype can be wrong.
SOME_WRONG = st.sampled_from(("float", "float", "float", "int", "bool", "bool"))


@st.composite
def related(draw: Draw, shape: Shape) -> Shape:
    """A shape like `shape`: the same, without leading dims, with a 1, or with one other size."""
    match draw(st.integers(0, 5)):
        case 0 | 1:
            return shape
        case 2:
            return shape[draw(st.integers(0, len(shape))) :]
        case 3 if shape:
            at = draw(st.integers(0, len(shape) - 1))
            return (*shape[:at], 1, *shape[at + 1 :])
        case 4 if shape:
            at = draw(st.integers(0, len(shape) - 1))
            return (*shape[:at], draw(SIZES), *shape[at + 1 :])
        case _:
            other: Shape = draw(shapes(0, 3))
            return other


@st.composite
def several(
    draw: Draw,
    low: int = 2,
    high: int = 2,
    ranks: tuple[int, int] = (0, 3),
    dtypes: Gen[str] = ANY_DTYPE,
) -> tuple[T, ...]:
    """Tensors whose shapes are related, mostly of one dtype."""
    shape = draw(shapes(*ranks))
    dtype = draw(dtypes)
    n = draw(st.integers(low, high))
    rest = [
        T(draw(related(shape)), draw(dtypes) if draw(st.integers(0, 4)) == 0 else dtype)
        for _ in range(n - 1)
    ]
    return (T(shape, dtype), *rest)


def given(arguments: Mapping[str, Gen[Any]], required: tuple[str, ...] = ()) -> Gen[dict[str, Any]]:
    """Some of the arguments, `required` ones always."""
    needed = {name: arguments[name] for name in required}
    optional = {name: s for name, s in arguments.items() if name not in required}
    return st.fixed_dictionaries(needed, optional=optional)


def calls(tensor: Gen[Any], required: tuple[str, ...] = (), **arguments: Any) -> Gen[Case]:
    """Calls with one tensor, or a tuple of them, and some of the arguments."""
    return st.builds(
        lambda x, a: Case(x if isinstance(x, tuple) else (x,), a),
        tensor,
        given(arguments, required),
    )


def sources(required: tuple[str, ...] = (), **arguments: Any) -> Gen[Case]:
    """Calls without tensors."""
    return st.builds(lambda a: Case((), a), given(arguments, required))


def sequence(items: Gen[Any], low: int, high: int) -> Gen[Any]:
    """A tuple or a list."""
    both = st.lists(items, min_size=low, max_size=high)
    return st.one_of(both, both.map(tuple))


AXES = st.one_of(DIM, sequence(st.integers(-3, 3), 0, 3))
FACTOR = st.sampled_from((-1, 1, 2, 3, 4, 6, 12, 0))


@st.composite
def operators(draw: Draw, many: bool) -> Case:
    """Two tensors (or more), or a tensor and a number on either side."""
    if draw(st.integers(0, 2)):
        return Case(draw(several(1, 3 if many else 2)))
    arguments: dict[str, Any] = {"other": draw(NUMBERS)}
    if draw(st.booleans()):
        arguments["reflected"] = draw(st.booleans())
    return Case((draw(tensors()),), arguments)


@st.composite
def matrices(draw: Draw) -> Case:
    a = draw(shapes(1, 4))
    b = draw(st.one_of(shapes(1, 3), st.tuples(st.just(a[-1]), SIZES), st.just((a[-1],))))
    if len(a) > 2 and draw(st.booleans()):
        b = (*a[:-2], *b[-2:])
    dtype = draw(FLOATS)
    return Case((T(a, dtype), T(b, dtype)))


@st.composite
def selections(draw: Draw) -> Case:
    """A tensor and numbers of its slices, all in range; the axis, rank or dtype is often wrong."""
    shape = tuple(draw(st.lists(st.sampled_from((4, 5)), min_size=1, max_size=3)))
    numbers = tuple(draw(st.lists(SIZES, min_size=0, max_size=1 + draw(st.booleans()))))
    dtype = draw(st.sampled_from(("int", "int", "int", "int", "float", "int8", "bool")))
    dim = draw(st.sampled_from((-2, -1, -1, 0, 0, 0, 1, 2)))
    return Case((T(shape, draw(ANY_DTYPE)), T(numbers, dtype)), {"dim": dim})


@st.composite
def attention(draw: Draw) -> Case:
    """Queries, keys, values, often a mask; one size often wrong."""
    batch = draw(st.sampled_from(((), (2,), (2, 4), (1, 2))))
    length, keys, width, out = (draw(SIZES) for _ in range(4))
    other = (*batch[:-1], draw(st.sampled_from((1, 2, 3)))) if batch else ()
    grouped = draw(st.booleans())
    kv = other if grouped else batch
    q, k, v = [*batch, length, width], [*kv, keys, width], [*kv, keys, out]
    if draw(st.integers(0, 3)) == 0:
        wrong = draw(st.sampled_from((q, k, v)))
        wrong[draw(st.integers(0, len(wrong) - 1))] = draw(SIZES)
    dtype = draw(FLOATS)
    x = [T(tuple(s), dtype) for s in (q, k, v)]
    if draw(st.integers(0, 2)) == 0:
        mask = draw(related((*batch, length, keys)))
        x.append(T(mask, draw(st.sampled_from(("bool", dtype)))))
    arguments = draw(
        given({"is_causal": st.booleans(), "scale": st.sampled_from((None, 0.5, 1)),
               "dropout_p": st.sampled_from((0, 0.0, 0.5, 2.0))})
    )  # fmt: skip
    if grouped:
        arguments["enable_gqa"] = True
    return Case(tuple(x), arguments)


PATTERNS = (
    ("b t (h d) -> b h t d", ("h",)), ("b h t d -> b t (h d)", ()),
    ("b c (h p) (w q) -> b (h w) (p q c)", ("p", "q")), ("b c -> c b", ()),
    ("b (c r s) h w -> b c (h r) (w s)", ("r", "s")), ("... (a b) -> ... b a", ("a",)),
    ("b ... c -> b c ...", ()), ("b c h w -> b (c h w)", ()), ("a b -> a 1 b", ()),
    ("a 1 b -> a b", ()), ("a () b -> (a b)", ()), ("... a -> (... a)", ()),
    ("b c h w -> b h w c", ()), ("(a b) -> a b", ("a", "b")), ("a b -> a", ()),
    ("a b -> a b c", ()), ("a b - > a", ()), ("(a b -> a b", ("a",)), ("a a -> a", ()),
    ("(a b) c -> a b c", ()), ("a b c -> a (c b)", ("c",)), ("a b -> b a -> a b", ()),
    ("b (h w) c -> b c h w", ("h",)), ("k b t (h d) -> k (b h) t d", ("h",)),
)  # fmt: skip


@st.composite
def patterns(draw: Draw) -> Case:
    pattern, names = draw(st.sampled_from(PATTERNS))
    rank = pattern.split("->")[0].replace("(a b)", "x").replace("(c r s)", "x")
    rank = rank.replace("(h d)", "x").replace("(h p)", "x").replace("(w q)", "x")
    tokens = len(rank.replace("(h w)", "x").split())
    size = st.sampled_from((1, 2, 4, 6, 6, 12))
    n = tokens if draw(st.integers(0, 4)) else draw(st.integers(0, 4))
    shape = tuple(draw(st.lists(size, min_size=n, max_size=n)))
    arguments: dict[str, Any] = {"pattern": pattern}
    for name in names:
        if draw(st.integers(0, 9)):
            arguments[name] = draw(st.sampled_from((1, 2, 2, 3)))
    if draw(st.integers(0, 9)) == 0:
        arguments["z"] = 2
    return Case((T(shape, draw(ANY_DTYPE)),), arguments)


EQUATIONS = (
    "ij,jk->ik", "bid,bjd->bij", "bhqd,bhkd->bhqk", "ij->ji", "ii->i", "ij->", "i,j->ij",
    "ij,jk,kl->il", "ij,ij", "ij , jk", "abc->cab", "ij,jk->iz", "ij->ii", "i.j->ij", "ij,j->i",
)  # fmt: skip


@st.composite
def einsums(draw: Draw) -> Case:
    equation = draw(st.sampled_from(EQUATIONS))
    letters = sorted(set(equation) - set(" ,->."))
    size = {letter: draw(SIZES) for letter in letters}
    dtype = draw(FLOATS)
    x = []
    for part in equation.replace(" ", "").split("->")[0].replace(".", "").split(","):
        shape = [size[letter] for letter in part]
        if shape and draw(st.integers(0, 4)) == 0:
            shape[draw(st.integers(0, len(shape) - 1))] = draw(SIZES)
        x.append(T(tuple(shape), dtype))
    if draw(st.integers(0, 9)) == 0:
        x.append(x[0])
    return Case(tuple(x), {"equation": equation})


@st.composite
def indices(draw: Draw) -> Case:
    bound = st.one_of(st.none(), st.integers(-3, 4))
    step = st.sampled_from((None, None, 1, 2, 0, -1))
    item = st.one_of(
        st.integers(-3, 3), st.builds(slice, bound, bound, step), st.just(slice(None)),
        st.just(...), st.none(),
    )  # fmt: skip
    items = draw(st.lists(item, min_size=1, max_size=3).map(tuple))
    return Case((draw(tensors(1, 3)),), {"items": items})


@st.composite
def reshapes(draw: Draw, name: str) -> Case:
    x = draw(tensors(1, 3))
    total = 1
    for size in x.sizes:
        total *= size
    first = draw(FACTOR)
    exact = total // first if first > 0 and total % first == 0 else -1
    wanted = draw(st.one_of(sequence(FACTOR, 0, 3), st.just((first, exact)), st.just([first, -1])))
    return Case((x,), {name: wanted})


@st.composite
def splits(draw: Draw) -> Case:
    x = draw(tensors(1, 3))
    dim = draw(st.integers(-2, 2))
    size = x.sizes[dim] if -len(x.sizes) <= dim < len(x.sizes) else 2
    first = draw(st.integers(0, 3))
    how = draw(
        st.one_of(
            st.integers(-1, 4), st.just([first, size - first]), st.just((size,)),
            sequence(st.integers(0, 3), 0, 3),
        )
    )  # fmt: skip
    return Case((x,), {"split_size_or_sections": how, "dim": dim})


@st.composite
def unflattens(draw: Draw) -> Case:
    x = draw(tensors(1, 3))
    dim = draw(st.integers(-3, 2))
    size = x.sizes[dim] if -len(x.sizes) <= dim < len(x.sizes) else 2
    first = draw(st.sampled_from([n for n in (1, 2, 3) if size % n == 0]))
    exact = st.sampled_from(((first, size // first), [first, -1], (-1, first), [size]))
    sizes = draw(st.one_of(exact, exact, sequence(FACTOR, 0, 3)))
    return Case((x,), {"dim": dim, "sizes": sizes})


@st.composite
def permutes(draw: Draw) -> Case:
    x = draw(tensors(0, 4))
    order = draw(st.permutations(range(len(x.sizes))))
    wrong = sequence(st.integers(-3, 3), 0, 4)
    return Case((x,), {"dims": draw(st.one_of(st.just(tuple(order)), st.just(list(order)), wrong))})


@st.composite
def expands(draw: Draw) -> Case:
    x = draw(tensors(0, 3))
    wanted = [draw(SIZES) if s == 1 else draw(st.sampled_from((s, s, s, -1, 2))) for s in x.sizes]
    lead = draw(st.lists(st.sampled_from((2, 3, -1)), max_size=1))
    wrong = sequence(FACTOR, 0, 3)
    return Case((x,), {"size": draw(st.one_of(st.just((*lead, *wanted)), wrong))})


@st.composite
def pads(draw: Draw) -> Case:
    x = draw(tensors(1, 5, FLOATS))
    mode = draw(st.sampled_from(("constant", "constant", "reflect", "replicate", "circular")))
    axes = max(1, len(x.sizes) - 2) if draw(st.booleans()) else draw(st.integers(0, 4))
    width = st.integers(-2, 3)
    pad = draw(st.lists(width, min_size=2 * axes, max_size=2 * axes))
    if draw(st.integers(0, 5)) == 0:
        pad = pad[1:]
    arguments: dict[str, Any] = {"pad": pad}
    if mode != "constant" or draw(st.booleans()):
        arguments["mode"] = mode
    if draw(st.integers(0, 4)) == 0:
        arguments["value"] = draw(st.sampled_from((0, 1.5)))
    return Case((x,), arguments)


@st.composite
def interpolations(draw: Draw) -> Case:
    x = draw(
        tensors(
            2 if draw(st.integers(0, 9)) == 0 else 3, 5, st.sampled_from(("float",) * 9 + ("int",))
        )
    )
    modes = {1: "linear", 2: "bilinear", 3: "trilinear"}
    mode = draw(
        st.sampled_from(
            ("nearest", "nearest-exact", "area", "bicubic", "linear",
             *[modes.get(len(x.sizes) - 2, "bilinear")] * 5)
        )
    )  # fmt: skip
    size = st.sampled_from((0, *range(1, 8), *range(1, 8)))
    factor = st.sampled_from((0.5, 2, 2.0, 1.5, 0.7, 0.1, 1.3, -1.0))
    arguments: dict[str, Any] = {"mode": mode} if draw(st.integers(0, 3)) else {}
    which = draw(st.sampled_from((0, 1, 2, 1, 2, 3, 4, 3, 4, 5)))
    axes = max(0, len(x.sizes) - 2)
    if which in (1, 2, 5):
        arguments["size"] = draw(st.one_of(size, st.lists(size, min_size=axes, max_size=axes)))
    if which in (3, 4, 5):
        arguments["scale_factor"] = draw(
            st.one_of(factor, st.lists(factor, min_size=axes, max_size=axes))
        )
    if draw(st.integers(0, 3 if "linear" in mode else 9)) == 0:
        arguments["align_corners"] = draw(st.booleans())
    if draw(st.integers(0, 9)) == 0:
        arguments["antialias"] = True
    return Case((x,), arguments)


@st.composite
def fits(draw: Draw) -> Case:
    """A tensor and one to crop or pad it to."""
    x = draw(shapes(2, 5))
    like = tuple(draw(st.sampled_from((s, s, max(1, s - 1), s + 1))) for s in x)
    if draw(st.integers(0, 9)) == 0:
        like = draw(shapes(2, 4))
    dtype = draw(ANY_DTYPE)
    return Case((T(x, dtype), T(like, dtype)))
