"""The sentences about parameters that a module lacks, has too many of, or has in another shape."""

from collections.abc import Mapping

from .i18n import _


def misfit_message(module: str, names: Mapping[str, str]) -> str:
    """What is wrong with a module's parameters. `names`: under "missing", "extra", "reshaped" and "untrainable"."""
    sentences = {
        "missing": _("{module} lacks parameters that it should have after __init__: {names}."),
        "extra": _("{module} has parameters or buffers that are not asked for: {names}."),
        "reshaped": _("{module} has parameters of another shape (yours → expected): {names}."),
        "untrainable": _(
            "{module} has parameters that cannot be trained (buffers, frozen, shared or not registered): {names}."
        ),
    }
    said = [text.format(module=module, names=names[kind]) for kind, text in sentences.items() if names.get(kind)]
    return " ".join(said)
