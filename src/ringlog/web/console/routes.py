"""The console's addresses."""

from litestar.handlers import HTTPRouteHandler

from ringlog.web.console.call import call
from ringlog.web.console.calls import calls, home
from ringlog.web.console.calls_csv import calls_csv
from ringlog.web.console.manual import manual
from ringlog.web.console.overview import overview
from ringlog.web.console.reference import reference
from ringlog.web.console.sessions import log_in, log_in_form, log_out
from ringlog.web.console.static import static

ROUTES: list[HTTPRouteHandler] = [
    home,
    calls,
    calls_csv,
    call,
    overview,
    log_in_form,
    log_in,
    log_out,
    manual,
    reference,
    static,
]
