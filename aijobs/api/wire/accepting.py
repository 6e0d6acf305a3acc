"""The media types that a caller accepts."""

from django.http.request import MediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

ANY = "*/*"


def media_types(accept: str) -> list[MediaType]:
    """Of an Accept header. One that cannot be read, because a parameter's charset is unknown, accepts anything."""
    try:
        return [MediaType(each) for each in accept.split(",")]
    except ValueError:
        return [MediaType(ANY)]


class Negotiation(DefaultContentNegotiation):
    """Django REST framework's own, which fails at a header that cannot be read."""

    def get_accept_list(self, request: Request) -> list[str]:
        sent: list[str] = super().get_accept_list(request)
        try:
            for each in sent:
                MediaType(each)
        except ValueError:
            return [ANY]
        return sent
