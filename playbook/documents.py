"""Reads YAML and remembers on which line everything stands."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from domain.mistakes import Place
from playbook.errors import Mistake, PlaybookError
from playbook.scalars import PlainLoader

_MERGE = "tag:yaml.org,2002:merge"


class Document(NamedTuple):
    """What a file says. `lines` has the line (from 1) of every key and every item of a list, by the way to it."""

    content: Any
    lines: Mapping[Place, int]

    def line(self, place: Place) -> int:
        """The line of what stands at `place`, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines[place]


def read_document(folder: Path, name: str) -> Document:
    """The file `name` of the playbook in `folder`.

    Raises PlaybookError with all that is wrong: no such file, not UTF-8, not YAML, a key written twice.
    """
    text = read_text(folder, name)
    try:
        reader = _Reader(text)
        document = reader.read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise PlaybookError([Mistake(name, mark.line + 1 if mark else None, _bad_yaml(error))]) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise PlaybookError([Mistake(name, line, "there is a control character. Take it out.")]) from error
    if reader.mistakes:
        raise PlaybookError(Mistake(name, line, words) for line, words in sorted(reader.mistakes))
    return document


def read_text(folder: Path, name: str) -> str:
    """The text of the file `name` in `folder`. Raises PlaybookError where it is not there or cannot be read."""
    try:
        return (folder / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PlaybookError([Mistake(name, None, "there is no such file. Add it: a playbook needs it.")]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise PlaybookError([Mistake(name, line, "it is not UTF-8. Save it as UTF-8.")]) from error
    except OSError as error:
        raise PlaybookError([Mistake(name, None, f"it cannot be read: {error.strerror}.")]) from error


class _Reader(PlainLoader):
    """PyYAML's own reading, but for keys that are written twice: it would silently take the last."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.mistakes: list[tuple[int, str]] = []
        self._lines: dict[Place, int] = {(): 1}

    def read(self) -> Document:
        """The one document of the text; the content is None where it is empty. Raises YAMLError."""
        node = self.get_single_node()
        return Document(None if node is None else self._content(node, (), ()), self._lines)

    def _content(self, node: yaml.Node, place: Place, around: tuple[yaml.Node, ...]) -> Any:
        if node in around:
            self.mistakes.append((_line(node), "this refers to itself. Write out what is meant."))
        elif isinstance(node, yaml.MappingNode):
            return {key: self._entry(at, value, (*place, key), (*around, node)) for key, at, value in self._pairs(node)}
        elif isinstance(node, yaml.SequenceNode):
            return [self._entry(item, item, (*place, number), (*around, node)) for number, item in enumerate(node.value)]
        else:
            return self._scalar(node)

    def _entry(self, at: yaml.Node, node: yaml.Node, place: Place, around: tuple[yaml.Node, ...]) -> Any:
        self._lines[place] = _line(at)
        return self._content(node, place, around)

    def _pairs(self, mapping: yaml.MappingNode) -> Iterator[tuple[Any, yaml.Node, yaml.Node]]:
        """Keys, where they stand, and values. What is merged in (`<<`) comes first: the mapping's own keys go before it."""
        first: dict[Any, int] = {}
        for key_node, _ in mapping.value:
            if key_node.tag == _MERGE:
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be a word", problem_mark=key_node.start_mark)
            key, line = self._scalar(key_node), _line(key_node)
            if key in first:
                self.mistakes.append((line, f"{key!r} is written twice, first on line {first[key]}. Take one of the two out."))
            first.setdefault(key, line)
        whole = yaml.MappingNode(mapping.tag, list(mapping.value), mapping.start_mark, mapping.end_mark)
        self.flatten_mapping(whole)
        for key_node, value in whole.value:
            yield self._scalar(key_node), key_node, value

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self.construct_object(node)
        except ValueError as error:  # such as a date that does not exist
            self.mistakes.append((_line(node), f"{node.value!r} cannot be read: {error}. Mend it, or put it in quotes."))


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _bad_yaml(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or "it cannot be read"
    if "'\\t'" in problem:
        return "this is not YAML: there is a tab. Use spaces."
    return f"this is not YAML: {problem}. Look at this line and the one before it."
