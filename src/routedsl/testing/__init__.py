"""Scripted upstreams and mock models: what a policy can be tried and tested against without a model."""

from routedsl.testing.faults import FAULTS
from routedsl.testing.script import Script, mock_models
from routedsl.testing.upstream import ScriptedUpstream, Seen

__all__ = ["FAULTS", "Script", "ScriptedUpstream", "Seen", "mock_models"]
