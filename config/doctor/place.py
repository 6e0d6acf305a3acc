"""What `doctor` examines, as the environment says it: known even where the settings are refused."""

import os
from dataclasses import dataclass
from pathlib import Path

from config.environment import TRUE
from config.local import folder


@dataclass(frozen=True, slots=True)
class Place:
    """`port`: None where the command line names none. `up`: the process ID of the `up` that uses the folder."""

    data_dir: Path
    port: int | None
    up: str | None

    @property
    def production(self) -> bool:
        return os.environ.get("AIJOBS_PRODUCTION", "").strip().lower() in TRUE

    @property
    def embedded_database(self) -> bool:
        return not os.environ.get("DATABASE_URL")

    @property
    def embedded_broker(self) -> bool:
        return not os.environ.get("REDIS_URL")

    @property
    def needs_folder(self) -> bool:
        """Whether a server or a key is in it."""
        given = all(os.environ.get(name) for name in ("SECRET_KEY", "AIJOBS_CREDENTIALS_KEYS"))
        needed = not given or self.embedded_database or self.embedded_broker
        return needed and not self.production


def examined(data_dir: Path, port: int | None) -> Place:
    return Place(data_dir, port, folder.user_of(data_dir))
