"""The search attributes operators filter by in Temporal, in one list, registered before any worker starts.

Few on purpose: a development server has room for ten keywords and three of each other type, and the inbox reads the
database instead. Never personal data: no codec covers search attributes.
"""

from collections.abc import Iterable

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from workers.errors import CommandError

PROCESS = SearchAttributeKey.for_keyword("CaseworkProcess")
STORE = SearchAttributeKey.for_keyword("CaseworkStore")

ALL: tuple[SearchAttributeKey, ...] = (PROCESS, STORE)

_TYPE_NAMES = {
    IndexedValueType.INDEXED_VALUE_TYPE_TEXT: "Text",
    IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD: "Keyword",
    IndexedValueType.INDEXED_VALUE_TYPE_INT: "Int",
    IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE: "Double",
    IndexedValueType.INDEXED_VALUE_TYPE_BOOL: "Bool",
    IndexedValueType.INDEXED_VALUE_TYPE_DATETIME: "Datetime",
    IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST: "KeywordList",
}


def command_line_arguments(keys: Iterable[SearchAttributeKey] = ALL) -> list[str]:
    """The `--search-attribute` options that give a development server these keys from its first moment."""
    arguments: list[str] = []
    for key in keys:
        arguments += ["--search-attribute", f"{key.name}={type_name(int(key.indexed_value_type))}"]
    return arguments


def type_name(number: int) -> str:
    """The word the Temporal command line uses for a type."""
    return _TYPE_NAMES.get(IndexedValueType.ValueType(number), f"type {number}")


async def missing(client: Client, keys: Iterable[SearchAttributeKey] = ALL) -> list[SearchAttributeKey]:
    """Keys the namespace does not know yet.

    Raises CommandError where a name is taken by another type: a workflow that sets it would never go on.
    """
    answer = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace))
    absent: list[SearchAttributeKey] = []
    for key in keys:
        found, wanted = answer.custom_attributes.get(key.name), int(key.indexed_value_type)
        if found is None:
            absent.append(key)
        elif int(found) != wanted:
            raise CommandError(
                f"search attribute {key.name} of namespace {client.namespace} is {type_name(found)} and must be "
                f"{type_name(wanted)}; remove it with `temporal operator search-attribute remove --name {key.name}`"
            )
    return absent


async def register(client: Client, keys: Iterable[SearchAttributeKey] = ALL) -> list[SearchAttributeKey]:
    """Adds what is missing and returns it. Safe to call again and from several processes at once.

    Raises CommandError where the server does not let this client add search attributes.
    """
    absent = await missing(client, keys)
    if not absent:
        return []
    request = AddSearchAttributesRequest(
        namespace=client.namespace,
        search_attributes={key.name: IndexedValueType.ValueType(int(key.indexed_value_type)) for key in absent},
    )
    try:
        await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        if error.status == RPCStatusCode.ALREADY_EXISTS:  # another process was faster
            return []
        names = " ".join(f"{key.name}={type_name(int(key.indexed_value_type))}" for key in absent)
        raise CommandError(
            f"search attributes are missing and could not be added ({error.message}); have an operator add: {names}"
        ) from error
    return absent
