"""The declared models, and at which endpoints each can be asked: nothing is translated between dialects."""

from collections.abc import Mapping

import msgspec

from routedsl.engine.catalog import Catalog
from routedsl.language.policy import Model, Policy


class Fleet(msgspec.Struct, frozen=True):
    """The declared models by name.

    `spoken` is the dialect of each one's upstream, `taken` the dialects that serve each endpoint, `paths` where
    each dialect is asked. A model without an upstream, and an endpoint that nobody knows, go together with any.
    """

    models: Mapping[str, Model]
    spoken: Mapping[str, str]
    taken: Mapping[str, frozenset[str]]
    paths: Mapping[str, str]

    def serves(self, name: str, endpoint: str) -> bool:
        """Whether a model can be asked at an endpoint."""
        dialect, taken = self.spoken.get(name), self.taken.get(endpoint)
        return dialect is None or taken is None or dialect in taken

    def elsewhere(self, name: str) -> str:
        """Where a model is asked that does not serve an endpoint, to follow its name."""
        dialect = self.spoken[name]
        path = self.paths.get(dialect)
        return f"speaks the dialect `{dialect}`" if path is None else f"is asked at {path}"


def fleet_of(policy: Policy, catalog: Catalog) -> Fleet:
    """The fleet of a policy."""
    protocols = catalog.protocols.values()
    return Fleet(
        models=policy.models,
        spoken={
            name: policy.upstreams[model.upstream].protocol for name, model in policy.models.items() if model.upstream
        },
        taken={protocol.endpoint: protocol.upstreams for protocol in protocols},
        paths={dialect: protocol.path for protocol in protocols for dialect in protocol.upstreams},
    )
