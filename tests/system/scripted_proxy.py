"""The scripted proxy under the name that the tests know it by."""

from host.scripted_proxy import Script, ScriptedProxy, final

__all__ = ["Script", "ScriptedProxy", "final"]
