"""What the views of all resources have in common."""

from typing import ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import View
from rest_framework import viewsets
from rest_framework.request import Request

from aijobs.api.wire.filters import no_parameters


class KnownMethods(View):
    """Before a view. Answers OPTIONS, to everybody as /api/schema does: with the methods that the address takes.

    Browsers' preflight requests are answered before any view is reached.
    """

    http_method_names = [name for name in View.http_method_names if name != "trace"]

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method == "OPTIONS":
            taken = [name.upper() for name in self.http_method_names if hasattr(self, name)]
            return HttpResponse(status=204, headers={"Allow": ", ".join(taken)})
        return super().dispatch(request, *args, **kwargs)


class ViewSet(KnownMethods, viewsets.ViewSet):
    """Of a resource of the API. Query parameters are refused, except by the actions that have some of their own."""

    with_parameters: ClassVar[tuple[str, ...]] = ()
    # The actions that are also done for a ticket in place of a key.
    with_tickets: ClassVar[tuple[str, ...]] = ()

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        # Any other method is refused next, whatever its parameters.
        if str(request.method).lower() in self.action_map and self.action not in self.with_parameters:
            no_parameters(request.query_params)
