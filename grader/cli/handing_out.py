"""What instructors hand out: the students' bundle, and a look through what is handed out."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from .. import i18n
from ..i18n import _
from .options import Language, console

app = typer.Typer()


@app.command()
def release(
    dest: Annotated[Path, typer.Argument(help="The folder to write: a new one, or that of a former release.")],
    lang: Annotated[Literal["en", "ko", "both"], typer.Option(help="The language of guides and README.")] = "both",
    as_zip: Annotated[bool, typer.Option("--zip", help="Also write DEST.zip.")] = False,
    as_wheel: Annotated[
        bool, typer.Option("--wheel", help="Also write a wheel beside it; it lays out the rest.")
    ] = False,
) -> None:
    """Build what students get. Nothing is written where something of it would leak."""
    from ..course import find_course
    from ..release import release as run_release

    i18n.set_language(None)
    with console.status("…"):
        done = run_release(find_course(), dest, ("en", "ko") if lang == "both" else (lang,), as_zip, as_wheel)
    text = _("✓ {folder}: {count} files, and no hidden check, solution or misconception in them.")
    console.print(Text(text.format(folder=done.folder, count=done.files), style="green"), soft_wrap=True)
    for archive in done.archives:
        console.print(Text(f"✓ {archive}", style="green"), soft_wrap=True)


@app.command()
def leaks(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, folders or archives to hand out.")],
    lang: Language = None,
) -> None:
    """Is anything in there that students must not see? Exit status: 0, or 1 if there is."""
    from .. import instructor

    i18n.set_language(lang)
    if instructor.leaks(console, paths):
        raise typer.Exit(1)
