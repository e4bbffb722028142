"""The Dockerfile, read as data; what it copies can be laid out and run as it says, without a container."""

import json
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from tests.deploy.files import DEPLOY
from tests.sources import ROOT

__all__ = ["IMAGE", "Image"]


class Image(NamedTuple):
    """What the last stage is.

    Attributes:
        stages: the image that each stage begins with.
        copied: from the checkout into the image's folder, source and target.
        environ: its environment, without PATH.
        port: what it exposes.
        healthcheck: the command that tells whether it is well.
        entrypoint: and `command`, what it runs.
        words: of each other instruction.
    """

    stages: list[str]
    copied: dict[str, str]
    environ: dict[str, str]
    port: int
    healthcheck: list[str]
    entrypoint: list[str]
    command: list[str]
    words: dict[str, str]

    def lay_out(self, folder: Path) -> None:
        """Copy into a folder what the image has of the checkout."""
        for source, target in self.copied.items():
            if source.endswith("/"):
                shutil.copytree(ROOT / source, folder / target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (folder / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, folder / target)


def _read(text: str) -> Image:
    joined = re.sub(r"\\\n\s*", "", text)
    lines = [line.split(maxsplit=1) for line in joined.splitlines() if line and not line.startswith("#")]
    last = max(number for number, (word, _) in enumerate(lines) if word == "FROM")
    words = dict(lines[last:])
    copies = [rest.split() for word, rest in lines[last:] if word == "COPY" and not rest.startswith("--from")]
    settings = [pair.split("=", 1) for word, rest in lines[last:] if word == "ENV" for pair in rest.split()]
    return Image(
        stages=[rest.split()[0] for word, rest in lines if word == "FROM"],
        copied=dict(copies),
        environ={name: value for name, value in settings if name != "PATH"},
        port=int(words["EXPOSE"]),
        healthcheck=json.loads(words["HEALTHCHECK"].partition("CMD ")[2]),
        entrypoint=json.loads(words["ENTRYPOINT"]),
        command=json.loads(words["CMD"]),
        words=words,
    )


IMAGE = _read((DEPLOY / "Dockerfile").read_text())
