"""The reference: Swagger UI over the OpenAPI document, and the guides beside it."""

from litestar import Response, get
from litestar.di import NamedDependency

from ringlog.logins import Logins
from ringlog.web.console.manual import guides
from ringlog.web.console.pages import page
from ringlog.web.cookies import SESSION, AnyRequest


@get("/docs")
async def reference(request: AnyRequest, logins: NamedDependency[Logins]) -> Response[str]:
    """Open to everybody; whoever is logged in sees so."""
    principal = await logins.principal(request.cookies.get(SESSION, ""))
    return page(request, "reference.html", principal=principal, guides=guides())
