"""What others install: a wheel whose package knows nothing of the service."""

import os
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "aijobs" / "client"
PROGRAM = """
import sys
import aijobs_client
strangers = [name for name in ("aijobs", "workers", "django", "celery") if name in sys.modules]
print(sorted(aijobs_client.__all__) == sorted(set(aijobs_client.__all__) & set(dir(aijobs_client))), strangers)
"""


def test_the_wheel_is_a_package_of_its_own(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=PACKAGE,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    imported = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(wheel)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert imported.stdout.split() == ["True", "[]"]
