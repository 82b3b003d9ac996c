"""Files that a hook only names, fetched with the account's credentials and never more of them than a message may have."""

import httpx

from activities._kit.errors import Rejected
from activities._kit.http import Call, Dialect, outside_error

_REDIRECTS = 3


async def download(client: httpx.AsyncClient, dialect: Dialect, url: str, headers: dict[str, str], limit: int) -> bytes:
    """The bytes at `url`. The credentials in `headers` go to its host alone: a redirect is followed without them.

    Raises Rejected where there are more than `limit` bytes, and what `outside_error` makes of a refusal.
    """
    for _ in range(_REDIRECTS):
        try:
            async with client.stream("GET", url, headers=headers) as response:
                if response.next_request is not None:
                    url, headers = str(response.next_request.url), {}
                    continue
                if not response.is_success:
                    await response.aread()
                    raise outside_error(dialect, Call.SAFE, response)
                content = bytearray()
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > limit:
                        raise Rejected(f"{dialect.provider}: the file has more than {limit} bytes")
                return bytes(content)
        except httpx.RequestError as error:
            raise outside_error(dialect, Call.SAFE, error) from error
        except httpx.InvalidURL as error:
            raise Rejected(f"{dialect.provider}: the address of the file is none: {error}") from error
    raise Rejected(f"{dialect.provider}: the file is behind more than {_REDIRECTS - 1} redirects")
