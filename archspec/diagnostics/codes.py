"""The one table of diagnostic codes; `archspec explain CODE` prints `docs/errors/CODE.md`."""

from typing import Final

CODES: Final[dict[str, str]] = {
    # syntax
    "A0001": "the text is not valid here",
    "A0002": "a bracket or string is never closed",
    "A0003": "a character that the language does not use",
    # names, calls, imports
    "A0101": "unknown name",
    "A0102": "unknown layer",
    "A0103": "unknown function",
    "A0104": "a required argument is missing",
    "A0105": "unknown argument",
    "A0106": "an argument has the wrong type or is out of range",
    "A0107": "a label or name is taken already",
    "A0108": "a definition of this name exists already",
    "A0109": "the imported file has no such definition",
    "A0110": "files import each other in a circle",
    "A0111": "an imported file cannot be read",
    "A0112": "this kind of thing cannot be used here",
    "A0113": "a block uses itself",
    "A0114": "unknown model",
    "A0115": "unknown parameter",
    "A0116": "an own layer's class cannot be used",
    "A0117": "a package of layers cannot be used",
    "A0118": "an argument list as torch writes it, or one that can be read as such",
    "A0119": "a key map that cannot be used",
    "A0120": "what an ablation cannot leave out or widen",
    # compile-time evaluation
    "A0201": "the operation does not exist for these values",
    "A0202": "the computation has no result",
    "A0203": "a limit of the compiler is reached",
    "A0204": "a number is needed, but the size is left open by an input",
    "A0205": "a requirement of the block does not hold",
    "A0206": "a `where` condition that the checker cannot use",
    # flow and structure
    "A0301": "no value flows in here",
    "A0302": "the flowing value would be dropped",
    "A0303": "a layer that is not shared is applied twice",
    "A0304": "a value or layer is never used",
    "A0305": "the number of values does not fit",
    "A0306": "a selector that matches nothing",
    "A0307": "a model without input or output",
    "A0308": "a statement that does not belong here",
    # alignment
    "A0401": "the sizes do not fit",
    "A0402": "the sizes fit for no input",
    "A0403": "the sizes do not fit for every input",
    "A0404": "the number of dimensions does not fit",
    "A0405": "whether the sizes fit could not be decided",
    "A0406": "a silent broadcast",
    "A0407": "a reshape that changes the number of elements",
    "A0408": "the value does not have the shape that is declared",
    # divisibility and ranges
    "A0501": "a size is not divisible as needed",
    "A0502": "the kernel or window is larger than its input",
    "A0503": "an index or axis is out of range",
    # sharing and tying
    "A0601": "a shared layer is given shapes that one set of weights cannot serve",
    "A0602": "tied weights have different shapes",
    "A0603": "there is no such weight to tie",
    # dtypes
    "A0701": "the dtype does not fit",
    # files
    "A0801": "a file cannot be read",
    "A0802": "a file cannot be written",
    # warnings
    "W0101": "a parameter is never used",
    "W0102": "a comment that allows no warning",
    "W0206": "a `where` condition that says nothing new",
    "W0601": "running statistics are shared between branches",
    "W0901": "features are brought together with themselves",
    "W0902": "the identity path between residuals is changed",
    "W0903": "many layers without shortcut or norm",
    "W0904": "concatenation copies features many times",
    "W0905": "one reuse edge holds much of the memory",
    "W0906": "memory for training grows faster than the depth",
    "W0907": "nothing keeps a shared encoder from collapsing",
}
