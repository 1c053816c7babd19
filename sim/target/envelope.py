"""The envelope of every answer (contract 5), and how requests are read: none may end in a 500."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from sim.contract import ErrorCode
from sim.errors import UNREADABLE

LOG: Final = logging.getLogger("sim.target")
JSON_TYPE: Final = "application/json"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Body = TypeVar("Body")


class RequestError(Exception):
    """A request that is answered with an error: HTTP status, code and text of the envelope."""

    def __init__(self, status: int, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class _Error(msgspec.Struct, frozen=True):
    code: ErrorCode
    message: str


class _Failure(msgspec.Struct, frozen=True):
    error: _Error
    data: None = None
    success: bool = False


def success(data: object) -> web.Response:
    """A 200 with `data`, anything that msgspec encodes."""
    return success_text(msgspec.json.encode(data))


def success_text(data: bytes) -> web.Response:
    """A 200 with `data` that is JSON already."""
    body = b'{"success":true,"data":' + data + b',"error":null}'
    return web.Response(body=body, content_type=JSON_TYPE)


def failure(refused: RequestError) -> web.Response:
    """The answer that a refusal stands for."""
    body = msgspec.json.encode(_Failure(_Error(refused.code, refused.message)))
    return web.Response(body=body, status=refused.status, content_type=JSON_TYPE)


def guarded(handler: Handler) -> Handler:
    """`handler`, with every way to fail turned into an envelope."""

    async def guard(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except RequestError as error:
            return failure(error)
        except web.HTTPException as error:
            return failure(RequestError(error.status, ErrorCode.INVALID_INPUT, error.reason))
        except UnicodeError:
            return failure(RequestError(400, ErrorCode.INVALID_INPUT, "the request has text that is not Unicode"))
        except Exception:
            LOG.exception("%s %s failed", request.method, request.path)
            return failure(RequestError(500, ErrorCode.INTERNAL_ERROR, "the reference backend has a defect"))

    return guard


async def read_body(request: web.BaseRequest, kind: type[Body]) -> Body:
    """The JSON body as `kind`. Raises RequestError: INVALID_JSON, or INVALID_INPUT if a type is wrong."""
    try:
        text = await request.read()
    except (ConnectionError, web.RequestPayloadError) as error:
        raise RequestError(400, ErrorCode.INVALID_INPUT, "the body did not arrive whole") from error
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise RequestError(400, ErrorCode.INVALID_INPUT, str(error)) from error
    except UNREADABLE as error:
        raise RequestError(400, ErrorCode.INVALID_JSON, "the body is not JSON") from error


def require(**fields: str | None) -> None:
    """Raises RequestError with MISSING_FIELDS, naming those of `fields` that are absent or empty."""
    missing = [name for name, value in fields.items() if not value]
    if missing:
        raise RequestError(400, ErrorCode.MISSING_FIELDS, f"missing: {', '.join(missing)}")


def bearer(request: web.BaseRequest) -> str | None:
    """The credential of the Authorization header, if it has one."""
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    return credential.strip() or None if scheme.lower() == "bearer" else None
