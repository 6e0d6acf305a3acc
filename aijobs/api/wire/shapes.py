"""Shapes that several resources answer with."""

from typing import Any

from pydantic import BaseModel, Field


class Pagination(BaseModel):
    next_cursor: str | None = Field(
        description="Send it as `cursor` to get the next page. It is null on the last page."
    )
    has_more: bool


class ErrorBody(BaseModel):
    code: str = Field(examples=["JOB_NOT_FOUND"])
    message: str
    details: Any = None


class ErrorAnswer(BaseModel):
    error: ErrorBody
