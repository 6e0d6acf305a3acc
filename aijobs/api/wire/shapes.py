"""Shapes that several resources answer with."""

from typing import Any

from pydantic import BaseModel, Field


class Pagination(BaseModel):
    next_cursor: str | None = Field(description="Send as `cursor` to get the next page; null on the last.")
    has_more: bool


class ErrorBody(BaseModel):
    code: str = Field(examples=["JOB_NOT_FOUND"])
    message: str
    details: Any = None


class ErrorAnswer(BaseModel):
    error: ErrorBody
