"""Names that a layer, param or model cannot have, since Python or torch uses them."""

import keyword
from typing import Final

#: The attributes of `torch.nn.Module` and `Sequential`; a test compares them with torch's.
MODULE_ATTRIBUTES: Final = frozenset(
    [
        "T_destination",
        "_apply",
        "_backward_hooks",
        "_backward_pre_hooks",
        "_buffers",
        "_call_impl",
        "_compiled_call_impl",
        "_forward_hooks",
        "_forward_hooks_always_called",
        "_forward_hooks_with_kwargs",
        "_forward_pre_hooks",
        "_forward_pre_hooks_with_kwargs",
        "_get_backward_hooks",
        "_get_backward_pre_hooks",
        "_get_item_by_idx",
        "_get_name",
        "_is_full_backward_hook",
        "_load_from_state_dict",
        "_load_state_dict_post_hooks",
        "_load_state_dict_pre_hooks",
        "_maybe_warn_non_full_backward_hook",
        "_modules",
        "_named_members",
        "_non_persistent_buffers_set",
        "_parameters",
        "_register_load_state_dict_pre_hook",
        "_register_state_dict_hook",
        "_replicate_for_data_parallel",
        "_save_to_state_dict",
        "_slow_forward",
        "_state_dict_hooks",
        "_state_dict_pre_hooks",
        "_version",
        "_wrapped_call_impl",
        "add_module",
        "append",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extend",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "insert",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "pop",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
    ]
)

#: Methods that emitted classes define.
EMITTED_METHODS: Final = frozenset(
    {
        "dynamic_shapes",
        "load_pretrained",
        "reset_ema",
        "reset_parameters",
        "tie_weights",
        "update_ema",
    }
)

#: Names that emitted files import or call, which a class of that name would hide.
FILE_NAMES: Final = frozenset(
    [
        "Any",
        "Callable",
        "Dim",
        "F",
        "Iterable",
        "Iterator",
        "Mapping",
        "OrderedDict",
        "Path",
        "Self",
        "Sequence",
        "Tensor",
        "bool",
        "checkpoint",
        "copy",
        "dict",
        "enumerate",
        "float",
        "getattr",
        "init",
        "int",
        "isinstance",
        "len",
        "list",
        "math",
        "max",
        "min",
        "nn",
        "range",
        "re",
        "reversed",
        "round",
        "self",
        "str",
        "sum",
        "super",
        "torch",
        "tuple",
        "type",
        "zip",
    ]
)


def refused_attribute(name: str) -> str | None:
    """Why `name` cannot be the label of a layer or the name of a param; None where it can."""
    if keyword.iskeyword(name):
        return "Python keeps that word for itself"
    if name in MODULE_ATTRIBUTES or (name.startswith("__") and name.endswith("__")):
        return "every `torch.nn.Module` has an attribute of that name"
    if name in EMITTED_METHODS:
        return "emitted modules have a method of that name"
    return None


def refused_model(name: str) -> str | None:
    """Why `name` cannot be a model's; None where it can."""
    if keyword.iskeyword(name):
        return "Python keeps that word for itself"
    if name in FILE_NAMES:
        return "the emitted file uses that name for something else"
    return None
