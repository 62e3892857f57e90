"""An nbgrader course on disk: where its gradebook is, and where each step's notebooks lie, as its config says."""

from dataclasses import dataclass
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from sqlalchemy import URL
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from ..errors import UserError
from ..i18n import _
from .course import CONFIG
from .gradebook import gradebook_url


@dataclass(frozen=True)
class CourseFolder:
    """config: all of nbgrader_config.py; directory: nbgrader's own reading of it."""

    config: Config
    directory: CourseDirectory

    @property
    def gradebook(self) -> URL:
        """Where the config says; a relative path is one from the course folder, which nbgrader is run in."""
        url = gradebook_url(self.directory.db_url)
        if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
            return url.set(database=str(Path(self.directory.root) / url.database))
        return url

    @property
    def course_id(self) -> str:
        return self.directory.course_id or "default_course"  # nbgrader's own word where none is set

    def source(self, assignment: str) -> Path:
        """Where the assignment's source notebook is."""
        return self._notebook(self.directory.source_directory, ".", assignment)

    def submitted(self, student: str, assignment: str) -> Path:
        return self._notebook(self.directory.submitted_directory, student, assignment)

    def autograded(self, student: str, assignment: str) -> Path:
        return self._notebook(self.directory.autograded_directory, student, assignment)

    def _notebook(self, step: str, student: str, assignment: str) -> Path:
        return Path(self.directory.format_path(step, student, assignment)) / f"{assignment}.ipynb"


def open_course(folder: Path) -> CourseFolder:
    """The course in this folder, which nbgrader's commands are run in. Raises UserError."""
    if not (folder / CONFIG).is_file():
        raise UserError(
            _(
                "{folder} is no nbgrader course: it has no {config}. Make one with `grader nbgrader init {folder}`, or give "
                "the folder that you run nbgrader in."
            ).format(folder=folder, config=CONFIG)
        )
    root = folder.resolve()
    try:
        config = PyFileConfigLoader(CONFIG, path=str(root)).load_config()
        config.CourseDirectory.setdefault("root", str(root))
        directory = CourseDirectory(config=config)
        directory.format_path("source", ".", "x")
    except (Exception, SystemExit) as error:  # it is a program: anything may go wrong in it
        raise UserError(
            _("{file} cannot be read: {reason}. nbgrader itself would stop there too; mend it first.").format(
                file=folder / CONFIG, reason=f"{type(error).__name__}: {error}"
            )
        ) from None
    return CourseFolder(config, directory)
