"""The answer that the front page asks for every five seconds."""

import hashlib
from typing import cast

import orjson
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views import View

from aijobs.admin.dashboard import payload

# Who may look at jobs may look at this.
PERMISSION = "aijobs.view_job"


class NumbersView(View):
    """For staff, whom the admin's own check lets in. 304 where nothing has happened since the browser's answer."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        body = orjson.dumps(payload.build())
        etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
        headers = {"ETag": etag}
        answer = HttpResponse(body, content_type="application/json", headers=headers)
        return cast("HttpResponse", get_conditional_response(request, etag=etag, response=answer))
