"""What an import keeps of a customer: hashes with the tenant's key."""

from collections.abc import Callable

from workers.catalogue.importing.errors import FileError
from workers.catalogue.importing.kind import Scope
from workers.catalogue.pseudonyms import KeyUnreadable, pseudonym_of


def hashing(scope: Scope) -> Callable[[str], str]:
    """What turns a name or an id into its hash. A dry run makes no key: what it hashes, nobody sees.

    Raises FileError where the tenant's key cannot be read: nothing is written by then.
    """
    try:
        return pseudonym_of(scope.tenant_id, make=not scope.dry_run)
    except KeyUnreadable as error:
        raise FileError(str(error)) from None
