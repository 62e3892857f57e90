"""submission_metadata.yml of a Gradescope export: which folder is whose, and when it was handed in.

The file also quotes students (outputs, file names), so that it is read as a stream of events, of which few are kept: no tag,
anchor or nesting of theirs means anything here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import UserError
from .roster import Person

METADATA = "submission_metadata.yml"
MAX_BYTES = 64 * 2**20
MAX_DEPTH = 100
_FIELDS = {":name": "name", ":sid": "id", ":email": "email"}


@dataclass
class Uploaded:
    """One submission: who handed it in (a group are several), and when."""

    submitters: list[Person] = field(default_factory=list)
    created_at: str = ""


def read_metadata(text: str) -> dict[str, Uploaded]:
    """Folder -> submission. Raises UserError for what is no YAML."""
    import yaml

    uploads: dict[str, Uploaded] = {}
    facts: dict[tuple[str, str], dict[str, str]] = {}
    try:
        for path, value in _scalars(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))):
            folder = path[0]
            upload = uploads.setdefault(folder, Uploaded())
            if len(path) == 4 and path[1] == ":submitters" and path[3] in _FIELDS:
                facts.setdefault((folder, path[2]), {})[_FIELDS[path[3]]] = value
            elif path[1:] == (":created_at",):
                upload.created_at = value
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise UserError(f"{METADATA} cannot be read as YAML: {reason}. Download the export again.") from None
    for (folder, _index), known in facts.items():
        uploads[folder].submitters.append(_person(folder, known))
    return uploads


def _person(folder: str, known: dict[str, str]) -> Person:
    """A submitter. Names are not unique, so that the id stands beside it."""
    id, email, name = (known.get(field, "").strip() for field in ("id", "email", "name"))
    label = "_".join(part for part in (name, id or email) if part) or folder
    return Person(label, id=id, email=email, name=name)


def _scalars(events: Iterator[object]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The scalars of the first document with their paths: keys of mappings, positions in sequences."""
    from yaml import events as kinds

    # One entry for each open collection: [kind, key or position]; the key of a mapping is None while it is awaited.
    stack: list[list[object]] = []
    for event in events:
        if len(stack) > MAX_DEPTH:  # libyaml takes quadratic time
            raise ValueError("it is nested too deeply")
        if isinstance(event, kinds.MappingStartEvent | kinds.SequenceStartEvent):
            _advance(stack)
            stack.append([dict if isinstance(event, kinds.MappingStartEvent) else list, None])
        elif isinstance(event, kinds.CollectionEndEvent):
            stack.pop()
            _close(stack)
        elif isinstance(event, kinds.ScalarEvent):
            top = stack[-1] if stack else None
            if top is not None and top[0] is dict and top[1] is None:
                top[1] = event.value
                continue
            _advance(stack)
            if stack:
                yield tuple(str(key) for _kind, key in stack), event.value
            _close(stack)
        elif isinstance(event, kinds.AliasEvent):
            _advance(stack)
            _close(stack)


def _advance(stack: list[list[object]]) -> None:
    """A value begins: in a sequence it has the next position; a collection in a key's place has the key "?"."""
    if not stack:
        return
    top = stack[-1]
    if top[0] is list:
        top[1] = top[1] + 1 if isinstance(top[1], int) else 0
    elif top[1] is None:
        top[1] = "?"


def _close(stack: list[list[object]]) -> None:
    """A value has ended: a mapping awaits its next key."""
    if stack and stack[-1][0] is dict:
        stack[-1][1] = None
