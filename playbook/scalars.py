"""Plain words in YAML as YAML 1.2 reads them: what PyYAML, which keeps to 1.1, would turn into something else."""

import re

import yaml

_BOOLEAN = "tag:yaml.org,2002:bool"
_INTEGER = "tag:yaml.org,2002:int"


class PlainLoader(yaml.SafeLoader):
    """PyYAML's reading, but `on`, `off`, `yes` and `no` are words (`country: NO` is Norway), and `18:00` is no number."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_BOOLEAN, _INTEGER)]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


PlainLoader.add_implicit_resolver(_BOOLEAN, re.compile(r"^(?:true|false)$", re.IGNORECASE), list("tTfF"))
PlainLoader.add_implicit_resolver(_INTEGER, re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
