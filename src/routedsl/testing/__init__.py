"""Scripted upstreams and mock models: what a policy can be tried and tested against without a model."""

from routedsl.testing.connection import TROUBLES, Closing, Trouble
from routedsl.testing.faults import FAULTS, PARTS
from routedsl.testing.script import Script, mock_models
from routedsl.testing.upstream import ScriptedUpstream, Seen

__all__ = ["FAULTS", "PARTS", "TROUBLES", "Closing", "Script", "ScriptedUpstream", "Seen", "Trouble", "mock_models"]
