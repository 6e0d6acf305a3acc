"""`/`: what this is, whether it is healthy, and where to go on. A page; JSON for who asks for that."""

from django.http import HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.templatetags.static import static
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from aijobs.api.guide import dispatch_examples, url_of
from aijobs.api.wire.envelope import to_json
from aijobs.api.wire.views import KnownMethods
from aijobs.health import run_checks, warnings

HTML, JSON = "text/html", "application/json"


class HomeView(KnownMethods, APIView):
    """Open to everybody, so there is no key and no name in it. Its parts are asked as /readyz asks them.

    It answers 200 also where the service is not ready, because it can be read all the same: probes ask /readyz.
    """

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        checks = run_checks()
        if request.get_preferred_type([HTML, JSON]) == JSON:
            answer = HttpResponse(to_json({"data": _summary(checks)}), content_type=JSON)
        else:
            answer = HttpResponse(_page(request, checks))
        answer["Cache-Control"] = "no-store"
        answer["Vary"] = "Accept"
        return answer


class IconView(KnownMethods, APIView):
    """Where browsers look for an icon on pages that name none: those of the admin."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        return HttpResponseRedirect(static("aijobs/icon.svg"))


def _is_ready(checks: dict[str, str]) -> bool:
    return all(outcome == "ok" for outcome in checks.values())


def _summary(checks: dict[str, str]) -> dict[str, object]:
    return {
        "name": "AI Jobs",
        "status": "ready" if _is_ready(checks) else "not_ready",
        "checks": checks,
        "resources": "/api/",
        "guide": "/api/docs/guide",
        "reference": "/api/docs",
        "schema": "/api/schema",
        "admin": "/admin/",
    }


def _page(request: Request, checks: dict[str, str]) -> str:
    is_ready = _is_ready(checks)
    context = {
        "page": "home",
        "is_ready": is_ready,
        "failed": {name: outcome for name, outcome in checks.items() if outcome != "ok"},
        "warnings": warnings() if is_ready else [],
        "url": url_of(request),
        "dispatches": dispatch_examples(),
    }
    return render_to_string("aijobs/home.html", context)
