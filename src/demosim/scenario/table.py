"""What every table of a scenario file has in common: unknown keys are refused, text is never taken for a number."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Weight = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Share = Annotated[Weight, Field(ge=0, le=1)]
Percent = Annotated[Weight, Field(ge=-20, le=20)]


class Table(BaseModel):
    """A table of the file: unknown keys are refused, and text is never taken for a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


def refused(code: str, what: str, allowed: str) -> PydanticCustomError:
    """What the type checker raises for a value that has the right type and is wrong all the same."""
    return PydanticCustomError(code, "{what}", {"what": what, "allowed": allowed})
