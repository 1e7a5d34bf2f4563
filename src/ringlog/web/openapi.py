"""The OpenAPI document of every route, written by hand: handlers' types could not say the contract's."""

from typing import Any

from ringlog import __version__
from ringlog.model import CallState, CallType, Kind

Json = dict[str, Any]

KIND: Json = {"enum": list(Kind)}
STATE: Json = {"enum": list(CallState)}
CALL_TYPE: Json = {"enum": list(CallType)}
ERROR: Json = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
    "required": ["error"],
    "additionalProperties": False,
}
REFUSAL: Json = {
    "type": "object",
    "properties": {
        "error": {"type": "string"},
        "records": {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 100},
    },
    "required": ["error"],
    "additionalProperties": False,
}
ENTRY: Json = {
    "type": "object",
    "properties": {
        "event": {
            "type": "object",
            "properties": {
                "line": {"type": "string"},
                "data": {
                    "type": "object",
                    "properties": {
                        "module_type": {"type": "string"},
                        "result_variable": {"type": "string"},
                    },
                    "required": ["module_type", "result_variable"],
                },
            },
            "required": ["line", "data"],
            "additionalProperties": False,
        },
        "class": KIND,
        "timestamp": {"type": "integer", "description": "UNIX seconds"},
    },
    "required": ["event", "class", "timestamp"],
}
WIRE_ENTRY: Json = {
    **ENTRY,
    "properties": {
        "session_id": {"type": "string", "minLength": 1, "maxLength": 255},
        "source": {"type": "string", "minLength": 1, "maxLength": 128},
        "seq": {"type": "integer", "minimum": 0, "maximum": 2**53 - 1},
        "time_us": {"type": "integer", "description": "UNIX microseconds"},
        "private": {"type": "boolean"},
        **ENTRY["properties"],
    },
    "required": ["session_id", "event", "class", "timestamp"],
}
LIST_ROW: Json = {
    "type": "object",
    "properties": {
        "dest": {"type": "string"},
        "src": {"type": "string"},
        "start": {"type": "integer"},
        "end": {"type": "integer"},
        "session_id": {"type": "string"},
        "type": CALL_TYPE,
        "log": {"type": "boolean"},
    },
    "required": ["dest", "src", "start", "end", "session_id", "type", "log"],
    "additionalProperties": False,
}
LOG_ROW: Json = {
    "type": "object",
    "properties": {
        "dest": {"type": "string"},
        "src": {"type": "string"},
        "start": {"type": "string"},
        "end": {"type": "string"},
        "session_id": {"type": "string"},
        "detail": {"type": "array", "items": ENTRY},
    },
    "required": ["dest", "src", "start", "end", "session_id", "detail"],
    "additionalProperties": False,
}
CALL: Json = {
    "type": "object",
    "properties": {
        "session_id": {"type": "string"},
        "state": STATE,
        "start": {"type": "integer"},
        "end": {"type": ["integer", "null"]},
        "log": {"type": "boolean"},
    },
    "required": ["session_id", "state", "start", "end", "log"],
}


def _listing(row: Json) -> Json:
    return {
        "type": "object",
        "properties": {
            "calls": {"type": "array", "items": row},
            "total_calls": {"type": "integer", "minimum": 0},
        },
        "required": ["calls", "total_calls"],
        "additionalProperties": False,
    }


def _page(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _answer(description: str, schema: Json, *, xml: bool = False) -> Json:
    content: Json = {"application/json": {"schema": schema}}
    if xml:
        content["application/xml"] = {"schema": {}}
    return {"description": description, "content": content}


def _errors(*statuses: int, xml: bool = False, schema: Json = ERROR) -> Json:
    return {str(status): _answer(WORDS[status], schema, xml=xml) for status in statuses}


WORDS = {
    400: "Something in the request is malformed.",
    401: "Email and key do not fit together, or the account is inactive.",
    403: "The key lacks the scope.",
    404: "No such address, no such call, or its details are gone.",
    405: "Another method.",
    408: "The body stopped coming, or came too slowly; send it again.",
    409: "Something else is stored under a record's identity.",
    410: "A record is older than what is kept, or its call was deleted.",
    413: "The body is too large.",
    415: "The body's type or encoding is not one that is read.",
    500: "The database failed.",
    503: "Busy; try again after Retry-After seconds.",
    507: "The disk is full.",
}


def _parameter(name: str, place: str, schema: Json, description: str) -> Json:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "schema": schema,
        "description": description,
    }


INTEGER: Json = {"type": "integer"}
TEXT: Json = {"type": "string"}
SESSION = {
    **_parameter("session_id", "path", {"type": "string", "minLength": 1}, "Percent-encoded."),
    "example": "300060;001;1529552581",
}
WINDOW = [
    _parameter("start", "path", INTEGER, "UNIX seconds, inclusive."),
    _parameter("end", "path", INTEGER, "UNIX seconds, exclusive."),
    _parameter("number", "query", TEXT, "Keeps calls to this number."),
    _parameter("limit", "query", INTEGER, "1 to 10000; 1000 if left out."),
    _parameter("offset", "query", INTEGER, "0 if left out."),
]
FILTERS = [
    _parameter("since", "query", INTEGER, "UNIX seconds, inclusive."),
    _parameter("until", "query", INTEGER, "UNIX seconds, exclusive."),
    _parameter("number", "query", TEXT, "On either side."),
    _parameter("type", "query", CALL_TYPE, "As the row says."),
    _parameter("state", "query", STATE, "As the row says."),
    _parameter("application", "query", TEXT, "Of just that name."),
    _parameter("class", "query", KIND, "Calls with such an entry."),
    _parameter("module_type", "query", TEXT, "Calls with an entry of that module."),
    _parameter("text", "query", TEXT, "Calls whose lines hold these words and numbers."),
]
PAGING = [
    *FILTERS,
    _parameter("limit", "query", INTEGER, "1 to 1000; 100 if left out."),
    _parameter("cursor", "query", TEXT, "What an earlier page gave as next."),
]
ENTRIES = [
    SESSION,
    _parameter("after", "query", INTEGER, "Entries behind this arrival number."),
    _parameter("limit", "query", INTEGER, "1 to 10000; 1000 if left out."),
]


def _contract(summary: str, parameters: list[Json], schema: Json, *more: int) -> Json:
    errors = _errors(401, 404, 405, 500, *more, xml=True)
    return {
        "summary": summary,
        "tags": ["Fuse Logs API"],
        "parameters": parameters,
        "responses": {"200": _answer("The answer.", schema, xml=True), **errors},
    }


def _native(summary: str, parameters: list[Json], schema: Json) -> Json:
    return {
        "summary": summary,
        "tags": ["Native"],
        "parameters": parameters,
        "responses": {
            "200": _answer("The answer.", schema),
            **_errors(400, 401, 403, 404, 405, 500, 503),
        },
    }


def _events(path: str, summary: str, parameters: list[Json], more: Json, *statuses: int) -> Json:
    event = {"type": "object", "properties": {"event": TEXT, "data": TEXT, "id": TEXT}, "required": ["data"]}
    stream: Json = {"description": "Server-sent events.", "content": {"text/event-stream": {"schema": event}}}
    return {
        "summary": summary,
        "description": (
            "A stream, which goes on until its reader leaves, so it cannot be tried on this page. "
            f"In a terminal, where curl asks for the key: `curl -N -u EMAIL SERVER{path}`"
        ),
        "tags": ["Native"],
        "parameters": parameters,
        "responses": {"200": stream, **more, **_errors(*statuses, 401, 403, 405, 500, 503)},
    }


DELETE: Json = {
    "summary": "Delete a call for good (scope admin); the answer comes after its bytes are gone.",
    "tags": ["Native"],
    "parameters": [SESSION],
    "responses": {"204": {"description": "It is deleted."}, **_errors(401, 403, 404, 405, 500, 503, 507)},
}


def _open(summary: str) -> Json:
    schema: Json = {"type": "object"}
    return {
        "summary": summary,
        "tags": ["Operations"],
        "security": [],
        "responses": {"200": _answer("It is.", schema), **_errors(405, 500)},
    }


INGEST: Json = {
    "summary": "Store records, all of a request or nothing of it; the answer comes after the disk has them.",
    "tags": ["Native"],
    "parameters": [_parameter("session_id", "query", TEXT, "Whose entries a bare array holds.")],
    "requestBody": {
        "required": True,
        "content": {
            "application/x-ndjson": {"schema": {"type": "string"}},
            "application/json": {
                "schema": {"anyOf": [WIRE_ENTRY, {"type": "array", "items": WIRE_ENTRY}]},
            },
        },
    },
    "responses": {
        "200": _answer(
            "Stored.",
            {
                "type": "object",
                "properties": dict.fromkeys(("accepted", "duplicates", "dropped"), INTEGER),
                "required": ["accepted", "duplicates"],
                "additionalProperties": False,
            },
        ),
        **_errors(401, 403, 405, 408, 413, 415, 500, 503, 507),
        **_errors(400, 409, 410, schema=REFUSAL),
    },
}

PATHS: Json = {
    "/api/call/{session_id}": {
        "get": _contract("One call's log, oldest first.", [SESSION], {"type": "array", "items": ENTRY})
    },
    "/api/calls/{start}/{end}": {
        "get": _contract("Completed calls of a window, newest first.", WINDOW, _listing(LIST_ROW), 400)
    },
    "/api/all_logs/{start}/{end}": {
        "get": _contract("The same with each call's log, streamed.", WINDOW, _listing(LOG_ROW), 400)
    },
    "/v1/ingest": {"post": INGEST},
    "/v1/calls": {
        "get": _native(
            "Calls, newest first, running ones too.",
            PAGING,
            _page(
                calls={"type": "array", "items": CALL},
                next={"type": ["string", "null"]},
                complete={"type": "boolean"},
            ),
        )
    },
    "/v1/follow": {
        "get": _events(
            "/v1/follow",
            "Calls as they come: events `snapshot`, then `call` and `gone`.",
            [*FILTERS, _parameter("limit", "query", INTEGER, "Of the snapshot: 1 to 1000; 100 if left out.")],
            {},
            400,
        )
    },
    "/v1/calls/{session_id}/follow": {
        "get": _events(
            "/v1/calls/SESSION_ID/follow",
            "A call's entries as they come: events `call`, `entry` and, at last, `end`.",
            [
                SESSION,
                _parameter("Last-Event-ID", "header", INTEGER, "Entries behind this arrival number."),
                _parameter("after", "query", INTEGER, "The same, where there is no such header."),
            ],
            {"204": {"description": "The call has ended, and nothing is left to tell."}},
            400,
            404,
        )
    },
    "/v1/calls/{session_id}": {
        "get": _native(
            "A call and its entries by arrival.",
            ENTRIES,
            _page(
                call=CALL,
                entries={"type": "array", "items": ENTRY},
                next={"type": ["integer", "null"]},
            ),
        ),
        "delete": DELETE,
    },
    "/health/live": {"get": _open("The process runs.")},
    "/health/ready": {
        "get": _open("Requests are answered; `broken_days` names Days that are not; `unsealed` waits.")
    },
}

DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "Ringlog",
        "version": __version__,
        "summary": "The flight recorder for phone calls.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "security": [{"key": []}],
    "components": {
        "securitySchemes": {
            "key": {"type": "http", "scheme": "basic", "description": "Account email and developer key."}
        }
    },
    "paths": PATHS,
}
