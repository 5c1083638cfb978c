"""What a form sent: its token checked, every field a text of bounded length."""

from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from earwitness.web import security
from earwitness.web.tokens import COOKIE, Tokens

TOKEN_FIELD = "token"  # noqa: S105 - the name of a field
MOST_FIELDS = 200
MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class Form:
    """The fields of a form; a field that is not there is empty."""

    _fields: FormData

    def one(self, name: str) -> str:
        """The field, without blanks around it."""
        value = self._fields.get(name)
        return value.strip() if isinstance(value, str) else ""

    def every(self, name: str) -> list[str]:
        """All values of a field."""
        return [value for value in self._fields.getlist(name) if isinstance(value, str)]


async def read(request: Request) -> Form:
    """The form of a request. HTTPException 403 without the token, 413 when a field is too long."""
    most = security.MOST_BODY_BYTES  # so that what is too much is refused by one rule, in its words
    fields = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=most)
    form = Form(fields)
    tokens: Tokens = request.app.state.tokens
    if not tokens.holds(form.one(TOKEN_FIELD), request.cookies.get(COOKIE, "")):
        raise HTTPException(
            403,
            "Your browser did not send the cookie for which this page was made. Let it keep cookies "
            "of this site, go back, reload the page, and try again.",
        )
    if any(isinstance(value, str) and len(value) > MOST_CHARACTERS for value in fields.values()):
        raise HTTPException(413, f"A field holds more than {MOST_CHARACTERS} characters.")
    return form
