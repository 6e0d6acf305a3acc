"""A request as the service reads it."""

from operator import attrgetter
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http.request import MediaType
from django.utils.functional import cached_property
from django.utils.http import parse_header_parameters

from aijobs.api.wire.accepting import ANY, media_types


class Request(WSGIRequest):
    """A request whose address is UTF-8, whatever the charset of its body is, and whose headers can all be read.

    Django reads the query string in the charset of the body: a file in UTF-16 makes other words of its parameters,
    and `charset=base64` is an error of the server. So is a parameter of a media type in a charset that is unknown.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        sent = meta.get("CONTENT_TYPE", "")
        try:
            self.content_type, self.content_params = parse_header_parameters(sent)
        except ValueError:
            # Also for whoever reads the header again.
            meta["CONTENT_TYPE"] = sent.partition(";")[0]
            self.content_type, self.content_params = parse_header_parameters(meta["CONTENT_TYPE"])

    @cached_property
    def accepted_types(self) -> list[MediaType]:
        wanted = [each for each in media_types(self.headers.get("Accept", ANY)) if each.main_type and each.quality]
        return sorted(wanted, key=attrgetter("quality", "specificity"), reverse=True)
