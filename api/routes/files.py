"""Attachments, byte for byte, always as a download."""

from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from api.identity import Caller
from api.problems import Problem, documented, not_found
from api.services import Services, WithServices
from storage.blobs import BlobMissing
from storage.reading_case import find_attachment

router = APIRouter(tags=["messages"])


@router.get(
    "/attachments/{attachment_id}",
    summary="Download an attachment",
    description="The file as it came. It is a stranger's: look at it with care.",
    response_class=Response,
    responses={
        200: {"description": "The bytes.", "content": {"application/octet-stream": {"example": "…"}}},
        **documented(401, 404),
    },
)
async def download_attachment(services: WithServices, caller: Caller, attachment_id: UUID) -> Response:
    return await attachment_response(services, attachment_id)


async def attachment_response(services: Services, attachment_id: UUID) -> Response:
    """The bytes of an attachment, never to be shown in our pages.

    Raises Problem 404.
    """
    async with services.database.begin() as connection:
        row = await find_attachment(connection, attachment_id)
    if row is None:
        raise not_found("attachment", attachment_id)
    try:
        content = await services.blobs.get(row["blob"])
    except BlobMissing as error:
        raise Problem(404, f"the attachment is not in the blob store: {error}") from error
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row['filename'], safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)
