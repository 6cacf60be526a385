"""Room rule: where profiles are found, and what they are called. Reads none of them.

A site's own folder comes before ours, so that a site may override one of ours.
"""

from collections.abc import Iterable
from pathlib import Path

OWN_FOLDER = Path(__file__).parent / "profiles"


def site_folder(settings_folder: Path) -> Path:
    """Where a site keeps its own, beside its settings."""
    return settings_folder / "profiles"


def names(settings_folder: Path) -> list[str]:
    """All that a site can choose from."""
    folders = (site_folder(settings_folder), OWN_FOLDER)
    return sorted({path.stem for folder in folders for path in folder.glob("*.toml")})


def find(name: str, folders: Iterable[Path] = ()) -> Path | None:
    """The file of the profile called `name`: in the site's folders first, then in ours."""
    paths = (folder / f"{name}.toml" for folder in (*folders, OWN_FOLDER))
    return next((path for path in paths if path.is_file()), None)
