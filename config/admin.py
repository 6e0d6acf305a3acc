"""Accounts of staff: Django's page of them, with a way in for who has mistyped too often."""

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from redis.exceptions import RedisError

from aijobs.admin import audit
from config import logins

admin.site.unregister(User)


@admin.register(User)
class StaffAdmin(UserAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    actions = ["let_in"]

    def has_let_in_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("auth.let_in_user")

    @admin.action(description="Let selected users try to log in again at once", permissions=["let_in"])
    def let_in(self, request: HttpRequest, users: QuerySet[User]) -> None:
        try:
            for user in users:
                logins.let_in(user.get_username())
                audit.record(request, user, "Let in: may try to log in again at once.")
        except RedisError:
            told = "Valkey does not answer, so nobody is kept waiting either. Try again in a moment."
            self.message_user(request, told, messages.ERROR)
            return
        self.message_user(request, "They may try to log in again at once.", messages.SUCCESS)
